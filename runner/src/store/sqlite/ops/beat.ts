import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareIdleSpans } from "./idle-spans.ts";
import { parsePluginNames } from "../../shared/plugin-names.ts";

/** The key in `meta` of the last instant at which a daemon was up. */
const LAST_BEAT = "last-beat";

export function prepareBeat(db: DatabaseSync): Operations["beat"] {
  const find = prepare<{ value: string }>(db, `SELECT value FROM meta WHERE key = ?`);
  const store = prepare(
    db,
    `INSERT INTO meta (key, value) VALUES (?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  );
  const storeDaemon = prepare(
    db,
    `INSERT INTO daemons (owner, until, host, process_id, version, started_at, threads, plugins)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (owner) DO UPDATE SET until = excluded.until, plugins = excluded.plugins`,
  );
  const findOthers = prepare<{ plugins: string }>(
    db,
    `SELECT plugins FROM daemons INDEXED BY daemons_until WHERE until >= ? AND owner <> ?`,
  );
  const idleSpans = prepareIdleSpans(db);
  return ({ owner, identity, now, until, plugins, maxGapMs }) => {
    const last = Number(find.get(LAST_BEAT)?.value ?? now);
    if (now - last > maxGapMs) idleSpans.add({ destination: null, from: last, until: now });
    store.run(LAST_BEAT, String(now));
    const { host, processId, version, startedAt, threads } = identity;
    const known = JSON.stringify(plugins);
    storeDaemon.run(owner, until, host, processId, version, startedAt, threads, known);
    const others = findOthers.all(now, owner);
    return [...new Set(others.flatMap((each) => parsePluginNames(each.plugins)))];
  };
}

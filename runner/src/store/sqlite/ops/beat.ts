import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareIdleSpans } from "./idle-spans.ts";

/** The key in `meta` of the last instant at which a daemon was up. */
const LAST_BEAT = "last-beat";

export function prepareBeat(db: DatabaseSync): Operations["beat"] {
  const find = prepare<{ value: string }>(db, `SELECT value FROM meta WHERE key = ?`);
  const store = prepare(
    db,
    `INSERT INTO meta (key, value) VALUES (?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  );
  const idleSpans = prepareIdleSpans(db);
  return ({ now, maxGapMs }) => {
    const last = Number(find.get(LAST_BEAT)?.value ?? now);
    if (now - last > maxGapMs) idleSpans.add({ destination: null, from: last, until: now });
    store.run(LAST_BEAT, String(now));
  };
}

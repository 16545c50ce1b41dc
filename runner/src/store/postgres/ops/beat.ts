import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { addIdleSpan } from "./idle-spans.ts";
import { parsePluginNames } from "../../shared/plugin-names.ts";

/** The key in `meta` of the last instant at which a daemon was up. */
const LAST_BEAT = "last-beat";

export const beat: Operation<"beat"> = async (
  tx,
  { owner, identity, now, until, plugins, maxGapMs },
) => {
  const { host, processId, version, startedAt, threads } = identity;
  await storeBeat(tx, { now, maxGapMs });
  await tx.query(
    `INSERT INTO daemons (owner, until, host, process_id, version, started_at, threads, plugins)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (owner) DO UPDATE SET until = excluded.until, plugins = excluded.plugins`,
    [owner, until, host, processId, version, startedAt, threads, JSON.stringify(plugins)],
  );
  const others = await tx.query<{ plugins: string }>(
    `SELECT plugins FROM daemons WHERE until >= $1 AND owner <> $2`,
    [now, owner],
  );
  return [...new Set(others.flatMap((each) => parsePluginNames(each.plugins)))];
};

async function storeBeat(
  tx: Transaction,
  { now, maxGapMs }: { now: number; maxGapMs: number },
): Promise<void> {
  await tx.query(`INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, [
    LAST_BEAT,
    String(now),
  ]);
  // Two daemons that start after a gap must not both count it.
  const [row] = await tx.query<{ value: string }>(
    `SELECT value FROM meta WHERE key = $1 FOR UPDATE`,
    [LAST_BEAT],
  );
  const last = Number(row?.value ?? now);
  if (now - last > maxGapMs) await addIdleSpan(tx, { destination: null, from: last, until: now });
  await tx.query(`UPDATE meta SET value = $2 WHERE key = $1`, [LAST_BEAT, String(now)]);
}

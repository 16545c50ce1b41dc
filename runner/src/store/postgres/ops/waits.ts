import type { WaitingForPlugin } from "../../../domain/waiting-for.ts";
import { toWaitingForPlugin, type WaitingColumns } from "../../shared/rows.ts";
import type { Transaction } from "../transaction.ts";
import { addVacancies } from "./line-up.ts";

/** The number of waits that end in one claim. More than a claim leases, so the others can end later. */
const MAX_ENDED = 1_000;
/** Removes the wait. */
const NOT_WAITING = `waiting_kind = NULL, waiting_on = NULL, waiting_since = NULL`;

export async function beginWaits(
  tx: Transaction,
  jobs: readonly { readonly seq: number; readonly plugin: string }[],
  now: number,
): Promise<void> {
  if (jobs.length === 0) return;
  await tx.query(
    // A job that waits gives back its slot.
    `WITH waiting AS (
       UPDATE jobs SET waiting_kind = 'plugin', waiting_on = plugin, waiting_since = $3,
         blocked_since = CASE WHEN limit_name IS NOT NULL THEN $3::bigint END
       FROM unnest($1::bigint[], $2::text[]) AS wait (job, plugin) WHERE seq = wait.job
       RETURNING limit_name, limit_key
     )
     ${addVacancies("waiting")}`,
    [jobs.map(({ seq }) => seq), jobs.map(({ plugin }) => plugin), now],
  );
}

export async function endWaitsFor(tx: Transaction, plugins: readonly string[]): Promise<void> {
  await tx.query(
    `WITH ended AS MATERIALIZED (
       SELECT job.seq FROM unnest($1::text[]) AS plugin CROSS JOIN LATERAL (
         SELECT seq FROM jobs WHERE waiting_on = plugin AND waiting_since IS NOT NULL
         ORDER BY priority DESC, seq LIMIT ${MAX_ENDED} FOR NO KEY UPDATE SKIP LOCKED
       ) AS job LIMIT ${MAX_ENDED}
     ), moved AS (
       UPDATE jobs SET ${NOT_WAITING} FROM ended WHERE jobs.seq = ended.seq
       RETURNING limit_name, limit_key
     )
     ${addVacancies("moved")}`,
    [plugins],
  );
}

/**
 * Ends and returns up to `limit` waits that began at `since` or earlier, the longest first. Those for a
 * plugin of `elsewhere` are not returned: they begin again at `now`.
 */
export async function endLongestWaits(
  tx: Transaction,
  {
    since,
    limit,
    elsewhere,
    now,
  }: { since: number; limit: number; elsewhere: readonly string[]; now: number },
): Promise<{ readonly seq: number; readonly waitedFor: WaitingForPlugin }[]> {
  if (limit <= 0 || since === Number.NEGATIVE_INFINITY) return [];
  const rows = await tx.query<{ seq: number } & WaitingColumns>(
    `SELECT seq, waiting_kind, waiting_on, waiting_since FROM jobs
     WHERE waiting_since IS NOT NULL AND waiting_since <= $1
     ORDER BY waiting_since, seq LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED`,
    [since, limit],
  );
  const waits = rows.flatMap((row) => {
    const waitedFor = toWaitingForPlugin(row);
    return waitedFor === null ? [] : [{ seq: row.seq, waitedFor }];
  });
  const again = waits.filter(({ waitedFor }) => elsewhere.includes(waitedFor.on));
  const ended = waits.filter((each) => !again.includes(each));
  await beginWaits(
    tx,
    again.map(({ seq, waitedFor }) => ({ seq, plugin: waitedFor.on })),
    now,
  );
  if (ended.length === 0) return [];
  await tx.query(`UPDATE jobs SET ${NOT_WAITING} WHERE seq = ANY ($1::bigint[])`, [
    ended.map(({ seq }) => seq),
  ]);
  return ended;
}

import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { requeueDeliveries, type FreedDelivery } from "./ordering-key.ts";
import { addVacancies } from "./line-up.ts";
import { FREED } from "./release-jobs.ts";

const LAPSED = `(lease_until < $1 OR lease_owner = ANY ($2::text[]))`;
/** Daemons that gave no sign of life in time. One that never gave any keeps its leases. */
const GONE = `owner <> $1 AND until < $2`;

/** A state changes only under the lock of its limit. A limit that a claim has locked is passed over. */
const FORGET_LIMIT_STATES = `WITH idle AS MATERIALIZED (
    SELECT limit_name, is_key, limit_key FROM limit_states
    WHERE in_turn = 0 AND wake_at IS NULL AND paused_at IS NULL AND arrival <= $1
    ORDER BY arrival LIMIT 1000
  ), locked AS MATERIALIZED (
    SELECT name FROM limits WHERE name IN (SELECT limit_name FROM idle)
    ORDER BY name FOR NO KEY UPDATE SKIP LOCKED
  )
  DELETE FROM limit_states USING idle, locked
  WHERE idle.limit_name = locked.name AND limit_states.limit_name = idle.limit_name
    AND limit_states.is_key = idle.is_key AND limit_states.limit_key = idle.limit_key
    AND limit_states.in_turn = 0 AND limit_states.wake_at IS NULL
    AND limit_states.paused_at IS NULL AND limit_states.arrival <= $1`;

/** Rows that another daemon has locked are in use, or are reaped by it. */
export const reap: Operation<"reap"> = async (tx, { owner, now }) => {
  const gone = await tx.query<{ owner: string }>(`SELECT owner FROM daemons WHERE ${GONE}`, [
    owner,
    now,
  ]);
  const owners = gone.map((daemon) => daemon.owner);
  await freeDeliveries(tx, now, owners);
  const freed = await tx.query(
    `WITH lapsed AS MATERIALIZED (
       SELECT seq, limit_name, limit_key FROM jobs WHERE status = 'running' AND ${LAPSED}
       ORDER BY seq FOR NO KEY UPDATE SKIP LOCKED
     ), freed AS (
       UPDATE jobs SET ${FREED} FROM lapsed WHERE jobs.seq = lapsed.seq
       RETURNING jobs.seq, jobs.limit_name, jobs.limit_key
     ), vacancy AS (${addVacancies("lapsed", "freed")})
     SELECT seq FROM freed`,
    [now, owners],
  );
  await tx.query(
    `WITH lapsed AS MATERIALIZED (
       SELECT seq FROM bulk_acts
       WHERE state = 'running' AND lease_owner IS NOT NULL AND ${LAPSED}
       ORDER BY seq FOR NO KEY UPDATE SKIP LOCKED
     )
     UPDATE bulk_acts SET lease_owner = NULL, lease_until = NULL
     FROM lapsed WHERE bulk_acts.seq = lapsed.seq`,
    [now, owners],
  );
  await tx.query(FORGET_LIMIT_STATES, [now]);
  tx.count({ kind: "job", state: "running" }, -freed.length);
  tx.count({ kind: "job", state: "queued" }, freed.length);
  if (owners.length > 0) await forget(tx, { owner, now });
  return freed.length;
};

/** A daemon with a row that was locked is kept, so that the next call finds it. */
async function forget(
  tx: Transaction,
  { owner, now }: { owner: string; now: number },
): Promise<void> {
  await tx.query(
    `DELETE FROM daemons WHERE ${GONE}
       AND NOT EXISTS (
         SELECT 1 FROM jobs WHERE status = 'running' AND lease_owner = daemons.owner
       )
       AND NOT EXISTS (SELECT 1 FROM deliveries WHERE lease_owner = daemons.owner)
       AND NOT EXISTS (
         SELECT 1 FROM bulk_acts WHERE state = 'running' AND lease_owner = daemons.owner
       )`,
    [owner, now],
  );
}

/** Locks the deliveries' jobs first, and looks in a later statement. */
async function freeDeliveries(
  tx: Transaction,
  now: number,
  owners: readonly string[],
): Promise<void> {
  const jobs = await tx.query<{ seq: number }>(
    `SELECT seq FROM jobs
     WHERE seq = ANY (ARRAY(
       SELECT DISTINCT job FROM deliveries
       WHERE lease_owner IS NOT NULL AND ${LAPSED} AND job IS NOT NULL
     ))
     ORDER BY seq FOR NO KEY UPDATE SKIP LOCKED`,
    [now, owners],
  );
  const freed = await tx.query<FreedDelivery>(
    `WITH lapsed AS MATERIALIZED (
       SELECT id FROM deliveries
       WHERE lease_owner IS NOT NULL AND ${LAPSED}
         AND (job IS NULL OR job = ANY ($3::bigint[]))
       ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
     )
     UPDATE deliveries SET lease_owner = NULL, lease_until = NULL
     FROM lapsed WHERE deliveries.id = lapsed.id
     RETURNING deliveries.id, job, webhook, destination, due_at`,
    [now, owners, jobs.map(({ seq }) => seq)],
  );
  await requeueDeliveries(tx, freed);
}

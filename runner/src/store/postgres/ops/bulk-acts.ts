import type { BulkState } from "../../../domain/bulk-act.ts";
import { toStoredBulkAct, type BulkActRow } from "../../shared/stored-bulk-act.ts";
import type { Operation } from "../change.ts";

export const createBulkAct: Operation<"createBulkAct"> = async (tx, bulk, { maxRunning }) => {
  const [running] = await tx.query<{ count: number }>(
    `SELECT count(*) AS count FROM bulk_acts WHERE state = 'running'`,
  );
  if ((running?.count ?? 0) >= maxRunning) return false;
  await tx.query(
    `INSERT INTO bulk_acts (id, act, dry_run, requested_by, filter, state, phase, cursor, pending,
       matched, created_at)
     VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $9, $10)`,
    [
      bulk.id,
      bulk.act,
      bulk.dryRun,
      bulk.by,
      bulk.filter === null ? null : JSON.stringify(bulk.filter),
      bulk.phase,
      bulk.cursor,
      JSON.stringify(bulk.pending),
      bulk.matched,
      bulk.createdAt,
    ],
  );
  return true;
};

export const claimBulkAct: Operation<"claimBulkAct"> = async (tx, id, { owner, leaseUntil }) => {
  const [row] = await tx.query<BulkActRow>(
    `UPDATE bulk_acts SET lease_owner = $2, lease_until = $3
     WHERE id = $1 AND state = 'running' AND lease_owner IS NULL RETURNING *`,
    [id, owner, leaseUntil],
  );
  return row === undefined ? null : toStoredBulkAct(row);
};

export const saveBulkAct: Operation<"saveBulkAct"> = async (
  tx,
  id,
  { owner, leaseUntil, state, endedAt, phase, cursor, pending, ...counts },
) => {
  const [row] = await tx.query<{ state: BulkState }>(
    `UPDATE bulk_acts SET phase = $2, cursor = $3, pending = $4, matched = $5, done = $6,
       skipped = $7, failed = $8, errors = $9,
       state = CASE WHEN state = 'running' THEN $10 ELSE state END,
       ended_at = CASE WHEN state = 'running' THEN $11::bigint ELSE ended_at END,
       lease_until = $12
     WHERE id = $1 AND lease_owner = $13
     RETURNING state`,
    [
      id,
      phase,
      cursor,
      JSON.stringify(pending),
      counts.matched,
      counts.done,
      counts.skipped,
      counts.failed,
      JSON.stringify(counts.errors),
      state,
      endedAt,
      leaseUntil,
      owner,
    ],
  );
  return row?.state ?? null;
};

export const abortBulkAct: Operation<"abortBulkAct"> = async (tx, id, { now }) => {
  const aborted = await tx.query(
    `UPDATE bulk_acts SET state = 'aborted', ended_at = $2 WHERE id = $1 AND state = 'running'
     RETURNING id`,
    [id, now],
  );
  return aborted.length > 0;
};

export const pruneBulkActs: Operation<"pruneBulkActs"> = async (tx, { endedBefore, limit }) => {
  const pruned = await tx.query(
    `WITH old AS MATERIALIZED (
       SELECT seq FROM bulk_acts WHERE ended_at < $1 ORDER BY ended_at, seq LIMIT $2
     )
     DELETE FROM bulk_acts USING old WHERE bulk_acts.seq = old.seq RETURNING id`,
    [endedBefore, limit],
  );
  return pruned.length;
};

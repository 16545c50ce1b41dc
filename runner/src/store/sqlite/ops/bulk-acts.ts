import type { DatabaseSync } from "node:sqlite";
import type { BulkState } from "../../../domain/bulk-act.ts";
import { toStoredBulkAct, type BulkActRow } from "../../shared/stored-bulk-act.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareCreateBulkAct(db: DatabaseSync): Operations["createBulkAct"] {
  const countRunning = prepare<{ count: number }>(
    db,
    `SELECT count(*) AS count FROM bulk_acts INDEXED BY bulk_acts_running WHERE state = 'running'`,
  );
  const insert = prepare(
    db,
    `INSERT INTO bulk_acts (id, act, dry_run, requested_by, filter, state, phase, cursor, pending,
       matched, created_at)
     VALUES (?, ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?)`,
  );
  return (bulk, { maxRunning }) => {
    if ((countRunning.get()?.count ?? 0) >= maxRunning) return false;
    insert.run(
      bulk.id,
      bulk.act,
      bulk.dryRun ? 1 : 0,
      bulk.by,
      bulk.filter === null ? null : JSON.stringify(bulk.filter),
      bulk.phase,
      bulk.cursor,
      JSON.stringify(bulk.pending),
      bulk.matched,
      bulk.createdAt,
    );
    return true;
  };
}

export function prepareClaimBulkAct(db: DatabaseSync): Operations["claimBulkAct"] {
  const claim = prepare<BulkActRow>(
    db,
    `UPDATE bulk_acts SET lease_owner = ?, lease_until = ?
     WHERE id = ? AND state = 'running' AND lease_owner IS NULL RETURNING *`,
  );
  return (id, { owner, leaseUntil }) => {
    const row = claim.get(owner, leaseUntil, id);
    return row === undefined ? null : toStoredBulkAct(row);
  };
}

export function prepareSaveBulkAct(db: DatabaseSync): Operations["saveBulkAct"] {
  const save = prepare<{ state: BulkState }>(
    db,
    `UPDATE bulk_acts SET phase = ?, cursor = ?, pending = ?, matched = ?, done = ?, skipped = ?,
       failed = ?, errors = ?, lease_until = ?, state = iif(state = 'running', ?, state),
       ended_at = iif(state = 'running', ?, ended_at)
     WHERE id = ? AND lease_owner = ? RETURNING state`,
  );
  return (id, { owner, leaseUntil, state, endedAt, phase, cursor, pending, ...counts }) => {
    const row = save.get(
      phase,
      cursor,
      JSON.stringify(pending),
      counts.matched,
      counts.done,
      counts.skipped,
      counts.failed,
      JSON.stringify(counts.errors),
      leaseUntil,
      state,
      endedAt,
      id,
      owner,
    );
    return row?.state ?? null;
  };
}

export function prepareAbortBulkAct(db: DatabaseSync): Operations["abortBulkAct"] {
  const abort = prepare(
    db,
    `UPDATE bulk_acts SET state = 'aborted', ended_at = ? WHERE id = ? AND state = 'running'`,
  );
  return (id, { now }) => Number(abort.run(now, id).changes) > 0;
}

export function preparePruneBulkActs(db: DatabaseSync): Operations["pruneBulkActs"] {
  const prune = prepare(
    db,
    `DELETE FROM bulk_acts WHERE seq IN (
       SELECT seq FROM bulk_acts WHERE ended_at < ? ORDER BY ended_at LIMIT ?
     )`,
  );
  return ({ endedBefore, limit }) => Number(prune.run(endedBefore, limit).changes);
}

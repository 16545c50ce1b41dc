import type { DatabaseSync } from "node:sqlite";
import type { BulkState } from "../../../domain/bulk-act.ts";
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

export function prepareSaveBulkAct(db: DatabaseSync): Operations["saveBulkAct"] {
  const save = prepare<{ state: BulkState }>(
    db,
    `UPDATE bulk_acts SET phase = ?, cursor = ?, pending = ?, matched = ?, done = ?, skipped = ?,
       failed = ?, errors = ?, state = iif(state = 'running', ?, state),
       ended_at = iif(state = 'running', ?, ended_at)
     WHERE id = ? AND phase = ? AND cursor IS ? AND pending = ? RETURNING state`,
  );
  return (from, { state, endedAt, phase, cursor, pending, ...counts }) => {
    const row = save.get(
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
      from.id,
      from.phase,
      from.cursor,
      JSON.stringify(from.pending),
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

import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

/** Open, or given up so recently that an operator can still have it sent again. */
const NEEDED = `(state IN ('waiting', 'due') OR (state = 'dead' AND deliveries.ended_at >= ?1))`;

export function preparePruneJobs(db: DatabaseSync): Operations["pruneJobs"] {
  // Jobs of a batch are kept as long as the batch, because it lists them all.
  const findBatches = prepare<{ seq: number }>(
    db,
    `SELECT seq FROM batches
     WHERE ended_at < ?1 AND NOT EXISTS (
       SELECT 1 FROM deliveries WHERE batch = batches.seq AND ${NEEDED}
     )
     ORDER BY ended_at LIMIT ?2`,
  );
  const removeBatch = prepare(db, `DELETE FROM batches WHERE seq = ?`);
  const findJobs = prepare<{ seq: number }>(
    db,
    `SELECT seq FROM jobs
     WHERE ended_at < ?1 AND NOT EXISTS (
       SELECT 1 FROM deliveries WHERE job = jobs.seq AND ${NEEDED}
     ) AND NOT EXISTS (
       SELECT 1 FROM batch_jobs WHERE job = jobs.seq
     )
     ORDER BY ended_at LIMIT ?2`,
  );
  const removeJob = prepare(db, `DELETE FROM jobs WHERE seq = ?`);
  return ({ endedBefore, limit }) => {
    for (const { seq } of findBatches.all(endedBefore, limit)) removeBatch.run(seq);
    const ended = findJobs.all(endedBefore, limit);
    for (const { seq } of ended) removeJob.run(seq);
    return ended.length;
  };
}

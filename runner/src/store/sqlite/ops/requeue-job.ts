import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareRequeueJob(db: DatabaseSync): Operations["requeueJob"] {
  const requeue = prepare<{ seq: number }>(
    db,
    `UPDATE jobs SET status = 'queued', due = run_at <= ?, fence = fence + 1, step_attempts = 0,
       ended_at = NULL, failure_code = NULL, failure_message = NULL
     WHERE id = ? AND fence = ? AND status = 'failed'
     RETURNING seq`,
  );
  const deleteFailedStep = prepare(db, `DELETE FROM steps WHERE job = ? AND status = 'failed'`);
  return ({ jobId, fence }, { now }) => {
    const job = requeue.get(now, jobId, fence);
    if (job === undefined) return false;
    deleteFailedStep.run(job.seq);
    return true;
  };
}

import type { DatabaseSync } from "node:sqlite";
import { MAX_ATTEMPT_MESSAGE } from "../../../domain/limits.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

/** A step's retry moved the instant of a job that had started. One that had not keeps its own. */
const RUN_AT = "iif(started_at IS NULL, run_at, min(run_at, ?1))";

export function prepareRequeueJob(db: DatabaseSync): Operations["requeueJob"] {
  const requeue = prepare<{ seq: number }>(
    db,
    `UPDATE jobs SET status = 'queued', run_at = ${RUN_AT}, due = ${RUN_AT} <= ?1, fence = fence + 1, step_attempts = 0,
       failed_attempts = 0, failed_ms = 0, completed_steps = iif(?2, 0, completed_steps),
       ended_at = NULL, failure_code = NULL, failure_message = NULL, error_group = NULL
     WHERE id = ?3 AND fence = ?4 AND lease_owner IS ?5 AND status = 'failed'
     RETURNING seq`,
  );
  const keepAttempt = prepare(
    db,
    `INSERT INTO step_attempts (job, position, started_at, ended_at, failure_code, failure_message)
     SELECT job, position, started_at, ended_at, failure_code,
       iif(length(failure_message) > ${MAX_ATTEMPT_MESSAGE},
         substr(failure_message, 1, ${MAX_ATTEMPT_MESSAGE}) || '…', failure_message)
     FROM steps
     WHERE job = ? AND status = 'failed'`,
  );
  const openSlot = prepare(db, `UPDATE schedule_slots SET job_state = 'open' WHERE job_id = ?`);
  const deleteSteps = prepare(db, `DELETE FROM steps WHERE job = ? AND (?2 OR status = 'failed')`);
  return ({ jobId, fence, owner }, { now, from }) => {
    const isFromStart = from === "start" ? 1 : 0;
    const job = requeue.get(now, isFromStart, jobId, fence, owner);
    if (job === undefined) return false;
    keepAttempt.run(job.seq);
    deleteSteps.run(job.seq, isFromStart);
    openSlot.run(jobId);
    return true;
  };
}

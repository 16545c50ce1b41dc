import type { DatabaseSync } from "node:sqlite";
import { MAX_ATTEMPT_MESSAGE } from "../../../domain/limits.ts";
import { toTraceText } from "../../../domain/trace-context.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { lineUp } from "./line-up.ts";

/** A step's retry moved the instant of a job that had started. One that had not keeps its own. */
const RUN_AT = "iif(started_at IS NULL, run_at, min(run_at, ?1))";

export function prepareRequeueJob(db: DatabaseSync): Operations["requeueJob"] {
  const find = prepare<{ seq: number; failed_attempts: number; completed_steps: number }>(
    db,
    `SELECT seq, failed_attempts, completed_steps FROM jobs
     WHERE id = ? AND fence = ? AND lease_owner IS ? AND status = 'failed' AND payloads_removed_at IS NULL`,
  );
  const requeue = prepare(
    db,
    `UPDATE jobs SET status = 'queued', run_at = ${RUN_AT}, due = ${RUN_AT} <= ?1, fence = fence + 1, step_attempts = 0,
       failed_attempts = 0, failed_ms = 0, trace_context = coalesce(?4, trace_context), completed_steps = iif(?2, 0, completed_steps),
       ended_at = NULL, failure_code = NULL, failure_message = NULL, error_group = NULL,
       ${lineUp({ step: "iif(?2, 0, completed_steps)", at: "?1" })}
     WHERE seq = ?3`,
  );
  const keepAttempt = prepare(
    db,
    `INSERT INTO step_attempts (job, position, number, started_at, ended_at, failure_code,
       failure_message)
     SELECT job, position, ?2, started_at, ended_at, failure_code,
       iif(length(failure_message) > ${MAX_ATTEMPT_MESSAGE},
         substr(failure_message, 1, ${MAX_ATTEMPT_MESSAGE}) || '…', failure_message)
     FROM steps
     WHERE job = ?1 AND status = 'failed'`,
  );
  const endRound = prepare(
    db,
    `UPDATE step_attempts SET is_past = 1 WHERE job = ? AND position >= ? AND is_past = 0`,
  );
  const openSlot = prepare(db, `UPDATE schedule_slots SET job_state = 'open' WHERE job_id = ?`);
  const deleteSteps = prepare(db, `DELETE FROM steps WHERE job = ? AND (?2 OR status = 'failed')`);
  return ({ jobId, fence, owner }, { now, from, trace }) => {
    const isFromStart = from === "start" ? 1 : 0;
    const job = find.get(jobId, fence, owner);
    if (job === undefined) return false;
    requeue.run(now, isFromStart, job.seq, trace === undefined ? null : toTraceText(trace));
    keepAttempt.run(job.seq, job.failed_attempts + 1);
    endRound.run(job.seq, isFromStart ? 0 : job.completed_steps);
    deleteSteps.run(job.seq, isFromStart);
    openSlot.run(jobId);
    return true;
  };
}

import { MAX_ATTEMPT_MESSAGE } from "../../../domain/limits.ts";
import { toTraceText } from "../../../domain/trace-context.ts";
import type { Operation } from "../change.ts";
import { addVacancies, lineUp } from "./line-up.ts";

/** A step's retry moved the instant of a job that had started. One that had not keeps its own. */
const RUN_AT = "CASE WHEN started_at IS NULL THEN run_at ELSE least(run_at, $4) END";

export const requeueJob: Operation<"requeueJob"> = async (
  tx,
  { jobId, fence, owner },
  { now, from, trace },
) => {
  const [job] = await tx.query<{ seq: number }>(
    `WITH before AS MATERIALIZED (
       SELECT seq, failed_attempts, completed_steps FROM jobs WHERE id = $1
     ), requeued AS (
       UPDATE jobs SET status = 'queued', run_at = ${RUN_AT}, due = ${RUN_AT} <= $4,
         fence = fence + 1, step_attempts = 0, failed_attempts = 0, failed_ms = 0,
         trace_context = coalesce($6, trace_context),
         completed_steps = CASE WHEN $5 THEN 0 ELSE completed_steps END,
         ended_at = NULL, failure_code = NULL, failure_message = NULL, error_group = NULL,
         ${lineUp({ step: "CASE WHEN $5 THEN 0 ELSE completed_steps END", at: "$4" })}
       WHERE id = $1 AND fence = $2 AND lease_owner IS NOT DISTINCT FROM $3 AND status = 'failed'
         AND payloads_removed_at IS NULL
       RETURNING seq, id, limit_name, limit_key
     ), vacancy AS (${addVacancies("requeued")}
     ), slot AS (
       UPDATE schedule_slots SET job_state = 'open' FROM requeued WHERE job_id = requeued.id
     ), step AS (
       DELETE FROM steps USING requeued
       WHERE steps.job = requeued.seq AND ($5 OR steps.status = 'failed')
     ), attempt AS (
       INSERT INTO step_attempts (job, position, number, is_past, started_at, ended_at, failure_code,
         failure_message)
       SELECT job, position, before.failed_attempts + 1, true, started_at, ended_at, failure_code,
         CASE WHEN length(failure_message) > ${MAX_ATTEMPT_MESSAGE}
           THEN left(failure_message, ${MAX_ATTEMPT_MESSAGE}) || '…' ELSE failure_message END
       FROM steps JOIN before ON steps.job = before.seq JOIN requeued ON steps.job = requeued.seq
       WHERE steps.status = 'failed'
     ), past AS (
       UPDATE step_attempts SET is_past = true FROM before JOIN requeued USING (seq)
       WHERE job = before.seq AND NOT is_past
         AND ($5 OR step_attempts.position >= before.completed_steps)
     ), member AS (
       UPDATE batch_jobs SET state = 'open' FROM requeued WHERE batch_jobs.job = requeued.seq
     )
     SELECT seq FROM requeued`,
    [jobId, fence, owner, now, from === "start", trace === undefined ? null : toTraceText(trace)],
  );
  if (job === undefined) return false;
  tx.count({ kind: "job", state: "failed" }, -1);
  tx.count({ kind: "job", state: "queued" }, 1);
  return true;
};

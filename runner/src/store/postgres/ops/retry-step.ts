import type { StepRetry } from "../../../domain/transition.ts";
import type { Claim } from "../../../ports/store/jobs.ts";
import type { Transaction } from "../transaction.ts";
import { addVacancies, lineUp } from "./line-up.ts";

/** Puts a running job back into the queue until an instant, and keeps the attempt that failed. */
export async function retryStep(
  tx: Transaction,
  { jobId, fence, owner }: Claim,
  { sequence, at, attempt, durationMs }: StepRetry,
): Promise<boolean> {
  const [requeued] = await tx.query(
    `WITH requeued AS (
       UPDATE jobs SET status = 'queued', run_at = $5, due = false, fence = fence + 1,
         step_attempts = 0, failed_attempts = failed_attempts + 1, failed_ms = failed_ms + $11,
         lease_owner = NULL, lease_until = NULL, ${lineUp({ at: "$5::bigint" })}
       WHERE id = $1 AND fence = $2 AND lease_owner IS NOT DISTINCT FROM $3 AND status = 'running'
         AND sequence = $4
       RETURNING seq, limit_name, limit_key
     ), vacancy AS (${addVacancies("requeued")}
     ), attempt AS (
       INSERT INTO step_attempts (job, position, number, started_at, ended_at, failure_code,
         failure_message)
       SELECT seq, $6::integer, $12::integer, $7::bigint, $8::bigint, $9, $10 FROM requeued
     )
     SELECT seq FROM requeued`,
    [
      jobId,
      fence,
      owner,
      sequence,
      at,
      attempt.step,
      attempt.startedAt,
      attempt.endedAt,
      attempt.failure.code,
      attempt.failure.message,
      durationMs,
      attempt.number,
    ],
  );
  if (requeued === undefined) return false;
  tx.count({ kind: "job", state: "running" }, -1);
  tx.count({ kind: "job", state: "queued" }, 1);
  return true;
}

import { hasEnded } from "../../../domain/job.ts";
import type { Progress } from "../../../domain/transition.ts";
import type { Claim } from "../../../ports/store/jobs.ts";
import type { PlacedRow } from "../gather-rows.ts";
import type { Transaction } from "../transaction.ts";

/** Changes nothing unless the job's row matches the claim. */
const MOVE = `UPDATE jobs SET sequence = given.sequence,
    completed_steps = completed_steps + given.completed,
    step_attempts = CASE WHEN given.completed = 1 THEN 1 ELSE step_attempts END,
    failed_attempts = CASE WHEN given.completed = 1 THEN 0 ELSE failed_attempts END,
    failed_ms = CASE WHEN given.completed = 1 THEN 0 ELSE failed_ms END,
    status = given.status, ended_at = given.ended_at, failure_code = given.failure_code,
    failure_message = given.failure_message, error_group = given.error_group,
    lease_owner = CASE WHEN given.ended_at IS NULL THEN lease_owner END,
    lease_until = CASE WHEN given.ended_at IS NULL THEN lease_until END,
    waiting_kind = CASE WHEN given.ended_at IS NULL THEN waiting_kind END,
    waiting_on = CASE WHEN given.ended_at IS NULL THEN waiting_on END,
    waiting_since = CASE WHEN given.ended_at IS NULL THEN waiting_since END
  FROM unnest($1::text[], $2::bigint[], $3::text[], $4::integer[], $5::integer[], $6::integer[],
      $7::text[], $8::bigint[], $9::text[], $10::text[], $11::bigint[]) WITH ORDINALITY
    AS given (id, fence, owner, before, sequence, completed, status, ended_at, failure_code,
      failure_message, error_group, place)
  WHERE jobs.id = given.id AND jobs.fence = given.fence
    AND lease_owner IS NOT DISTINCT FROM given.owner AND jobs.ended_at IS NULL
    AND jobs.sequence = given.before
  RETURNING place, seq, limit_name AS "limit", limit_key AS key, trace_context`;

/** The job whose row was changed. */
export interface Moved extends PlacedRow {
  readonly seq: number;
  readonly limit: string | null;
  readonly key: string | null;
  readonly trace_context: string | null;
}

/** Stores where a job is. Resolves with undefined if the claim is not valid. */
export function moveJob(
  tx: Transaction,
  { jobId, fence, owner }: Claim,
  { status, sequence, step, endedAt, failure, errorGroup, events }: Progress,
): Promise<Moved | undefined> {
  return tx.row<Moved>(MOVE, [
    jobId,
    fence,
    owner,
    // If a change was lost with its group, what follows it is refused, so that no gap arises.
    sequence - events.length,
    sequence,
    step?.status === "completed" ? 1 : 0,
    status,
    endedAt ?? null,
    failure?.code ?? null,
    failure?.message ?? null,
    errorGroup === undefined ? null : tx.errorGroup(errorGroup),
  ]);
}

const END = `UPDATE batch_jobs SET state = given.state
  FROM unnest($1::bigint[], $2::text[]) AS given (job, state)
  WHERE batch_jobs.job = given.job`;

/** The batches of a job that has ended show it. */
export async function endInBatches(
  tx: Transaction,
  job: number,
  status: Progress["status"],
): Promise<void> {
  if (hasEnded(status)) await tx.row(END, [job, status]);
}

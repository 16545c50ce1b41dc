import { Refused } from "../../domain/errors.ts";
import type { TraceContext } from "../../domain/trace-context.ts";
import type { Clock } from "../../ports/clock.ts";
import type { JobState, RetryFrom } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import { payloadsRemoved } from "../../domain/payloads-removed.ts";
import type { JobTraces } from "../tracing/job-traces.ts";

export interface RetryOptions {
  readonly from?: RetryFrom | undefined;
  /** The job must have failed at this instant or earlier. */
  readonly failedBy?: number;
  /** The trace of the request. */
  readonly trace?: TraceContext | null;
}

/**
 * Puts a failed job back into the queue at the step that failed, or at the first one. From the failed
 * step, completed steps do not run again. Throws `Refused`: JOB_NOT_FOUND,
 * JOB_NOT_RETRYABLE, PAYLOADS_REMOVED.
 */
export async function retryJob(
  jobId: string,
  deps: {
    store: Pick<Store, "requeueJob" | "jobState">;
    clock: Pick<Clock, "now">;
    traces: Pick<JobTraces, "acceptRetry">;
  },
  {
    from = "failed-step",
    failedBy = Number.POSITIVE_INFINITY,
    trace: given = null,
  }: RetryOptions = {},
): Promise<void> {
  const job = await deps.store.jobState(jobId);
  requireRetryable(jobId, job, failedBy);
  const claim = { jobId, fence: job.fence, owner: job.owner };
  const trace = deps.traces.acceptRetry(given, { id: jobId, trace: job.trace ?? null });
  const change = { now: deps.clock.now(), from, ...(trace !== null && { trace }) };
  if (await deps.store.requeueJob(claim, change)) return;
  // The job has changed since it was read.
  requireRetryable(jobId, await deps.store.jobState(jobId), failedBy);
  throw hasEndedSince(jobId);
}

function requireRetryable(
  jobId: string,
  job: JobState | null,
  failedBy: number,
): asserts job is JobState {
  if (job === null) throw new Refused("JOB_NOT_FOUND", `There is no job "${jobId}".`);
  if ((job.endedAt ?? 0) > failedBy) throw hasEndedSince(jobId);
  if (job.payloadsRemovedAt !== null) {
    throw payloadsRemoved(`job "${jobId}"`, job.payloadsRemovedAt);
  }
  if (job.status === "failed") return;
  throw new Refused(
    "JOB_NOT_RETRYABLE",
    `Job "${jobId}" is ${job.status}; only a failed job can be retried.`,
  );
}

function hasEndedSince(jobId: string): Refused {
  return new Refused("JOB_NOT_RETRYABLE", `Job "${jobId}" was retried and has ended since.`);
}

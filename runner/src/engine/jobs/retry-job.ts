import { Refused } from "../../domain/errors.ts";
import type { TraceContext } from "../../domain/trace-context.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RetryFrom } from "../../ports/store/jobs.ts";
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
  if (job === null) throw new Refused("JOB_NOT_FOUND", `There is no job "${jobId}".`);
  if ((job.endedAt ?? 0) > failedBy) {
    throw new Refused("JOB_NOT_RETRYABLE", `Job "${jobId}" was retried and has ended since.`);
  }
  if (job.payloadsRemovedAt !== null) {
    throw payloadsRemoved(`job "${jobId}"`, job.payloadsRemovedAt);
  }
  const claim = { jobId, fence: job.fence, owner: job.owner };
  const requeue = (): Promise<boolean> => {
    const trace = deps.traces.acceptRetry(given, { id: jobId, trace: job.trace ?? null });
    const change = { now: deps.clock.now(), from, ...(trace !== null && { trace }) };
    return deps.store.requeueJob(claim, change);
  };
  const requeued = job.status === "failed" && (await requeue());
  if (!requeued) {
    throw new Refused(
      "JOB_NOT_RETRYABLE",
      `Job "${jobId}" is ${job.status}; only a failed job can be retried.`,
    );
  }
}

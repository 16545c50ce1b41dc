import { Refused } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RetryFrom } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";

export interface RetryOptions {
  readonly from?: RetryFrom;
  /** The job must have failed at this instant or earlier. */
  readonly failedBy?: number;
}

/**
 * Puts a failed job back into the queue at the step that failed, or at the first one. From the failed
 * step, completed steps do not run again. Throws `Refused`: JOB_NOT_FOUND,
 * JOB_NOT_RETRYABLE.
 */
export async function retryJob(
  jobId: string,
  deps: {
    store: Pick<Store, "requeueJob" | "jobState">;
    clock: Pick<Clock, "now">;
  },
  { from = "failed-step", failedBy = Number.POSITIVE_INFINITY }: RetryOptions = {},
): Promise<void> {
  const job = await deps.store.jobState(jobId);
  if (job === null) throw new Refused("JOB_NOT_FOUND", `There is no job "${jobId}".`);
  if ((job.endedAt ?? 0) > failedBy) {
    throw new Refused("JOB_NOT_RETRYABLE", `Job "${jobId}" was retried and has ended since.`);
  }
  const claim = { jobId, fence: job.fence, owner: job.owner };
  const requeued =
    job.status === "failed" &&
    (await deps.store.requeueJob(claim, { now: deps.clock.now(), from }));
  if (!requeued) {
    throw new Refused(
      "JOB_NOT_RETRYABLE",
      `Job "${jobId}" is ${job.status}; only a failed job can be retried.`,
    );
  }
}

import { Refused } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Store } from "../../ports/store/store.ts";

/**
 * Puts a failed job back into the queue at the step that failed. Completed steps do not run again.
 * Throws `Refused`: JOB_NOT_FOUND, JOB_NOT_RETRYABLE.
 */
export async function retryJob(
  jobId: string,
  deps: {
    store: Pick<Store, "requeueJob" | "job">;
    clock: Pick<Clock, "now">;
  },
): Promise<void> {
  const job = await deps.store.job(jobId);
  if (job === null) throw new Refused("JOB_NOT_FOUND", `There is no job "${jobId}".`);
  const claim = { jobId, fence: job.fence };
  const requeued =
    job.status === "failed" && (await deps.store.requeueJob(claim, { now: deps.clock.now() }));
  if (!requeued) {
    throw new Refused(
      "JOB_NOT_RETRYABLE",
      `Job "${jobId}" is ${job.status}; only a failed job can be retried.`,
    );
  }
}

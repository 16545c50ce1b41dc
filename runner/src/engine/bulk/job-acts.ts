import { cancelJob } from "../jobs/cancel-job.ts";
import { retryJob } from "../jobs/retry-job.ts";
import type { JobActs } from "./act-on-job.ts";

/** What a request does to one job, and a bulk act to many. */
export function createJobActs(
  deps: Parameters<typeof cancelJob>[1] &
    Parameters<typeof retryJob>[1] &
    Pick<JobActs, "store" | "log" | "messages">,
): JobActs {
  const { store, clock, log, signals, messages } = deps;
  return {
    store,
    clock,
    log,
    messages,
    cancel: (jobId) => cancelJob(jobId, deps),
    async retry(jobId, options) {
      await retryJob(jobId, deps, options);
      signals.announce(jobId, { kind: "changed", status: "queued" });
      messages.publish({ kind: "jobs" });
    },
  };
}

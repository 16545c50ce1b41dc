import { Refused } from "../../domain/errors.ts";
import { CANCELLED, fail, hasEnded, type Transition } from "../../domain/job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Store } from "../../ports/store/store.ts";
import type { ActiveJobs } from "./active-jobs.ts";
import type { JobSignals } from "./job-signals.ts";

/** A job can be claimed or released between the read and the change. Then it is read again. */
const MAX_READS = 20;
const BETWEEN_READS_MS = 25;

/**
 * Ends a job with `CANCELLED`. The end is durable when this resolves; a running plugin can still take
 * its grace period to stop. Throws `Refused`: JOB_NOT_FOUND, JOB_ALREADY_ENDED.
 */
export async function cancelJob(
  jobId: string,
  deps: {
    store: Pick<Store, "commitTransition" | "job">;
    activeJobs: Pick<ActiveJobs, "get">;
    signals: Pick<JobSignals, "announce">;
    clock: Clock;
    jobUrl: (jobId: string) => string;
    onCommitted: (transition: Pick<Transition, "status">) => void;
  },
): Promise<void> {
  const { store, activeJobs, signals, clock } = deps;
  for (let read = 0; read < MAX_READS; read += 1) {
    const job = await store.job(jobId);
    if (job === null) throw new Refused("JOB_NOT_FOUND", `There is no job "${jobId}".`);
    if (hasEnded(job.status)) {
      throw new Refused("JOB_ALREADY_ENDED", `Job "${jobId}" has ended: it is ${job.status}.`);
    }
    if (job.status === "queued") {
      const transition = fail(
        { ...job.spec, sequence: job.sequence },
        {
          completedCount: job.steps.filter((step) => step.status === "completed").length,
          failure: CANCELLED,
          at: clock.now(),
        },
        { jobUrl: deps.jobUrl(jobId) },
      );
      if (await store.commitTransition({ jobId, fence: job.fence }, transition)) {
        signals.announce(jobId, { kind: "changed", status: "failed" });
        deps.onCommitted(transition);
        return;
      }
    } else if (await activeJobs.get(jobId)?.cancel()) {
      return;
    }
    await clock.sleep(BETWEEN_READS_MS, { signal: new AbortController().signal });
  }
  throw new Refused("JOB_ALREADY_ENDED", `Job "${jobId}" is ending; there is nothing to cancel.`);
}

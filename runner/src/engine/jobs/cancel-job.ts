import { Refused } from "../../domain/errors.ts";
import { fail, hasEnded, type Transition } from "../../domain/job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Store } from "../../ports/store/store.ts";
import type { ActiveJobs } from "./active-jobs.ts";
import type { JobSignals } from "./job-signals.ts";

/** A job may be claimed or released between the look and the change; then we look again. */
const LOOKS = 20;
const BETWEEN_LOOKS_MS = 25;

/**
 * Ends a job with `CANCELLED`: durable when it resolves, while a running plugin may take its grace
 * period to stop. Throws `Refused`: JOB_NOT_FOUND, JOB_ALREADY_ENDED.
 */
export async function cancelJob(
  jobId: string,
  deps: {
    store: Pick<Store, "commitTransition" | "job">;
    activeJobs: Pick<ActiveJobs, "get">;
    signals: Pick<JobSignals, "tell">;
    clock: Clock;
    jobUrl: (jobId: string) => string;
    onCommitted: (transition: Pick<Transition, "status">) => void;
  },
): Promise<void> {
  const { store, activeJobs, signals, clock } = deps;
  for (let look = 0; look < LOOKS; look += 1) {
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
          failure: { code: "CANCELLED", message: "The job was cancelled." },
          at: clock.now(),
        },
        { jobUrl: deps.jobUrl(jobId) },
      );
      if (await store.commitTransition({ jobId, fence: job.fence }, transition)) {
        signals.tell(jobId, { kind: "changed", status: "failed" });
        deps.onCommitted(transition);
        return;
      }
    } else if (await activeJobs.get(jobId)?.cancel()) {
      return;
    }
    await clock.sleep(BETWEEN_LOOKS_MS, { signal: new AbortController().signal });
  }
  throw new Refused("JOB_ALREADY_ENDED", `Job "${jobId}" is ending; there is nothing to cancel.`);
}

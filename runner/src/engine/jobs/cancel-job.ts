import { Refused } from "../../domain/errors.ts";
import { CANCELLED, fail, hasEnded } from "../../domain/job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Claim, StoredJob } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Messages } from "../bus/messages.ts";
import type { ActiveJobs } from "./active-jobs.ts";
import type { JobSignals } from "./job-signals.ts";
import { publishCommitted } from "./write-transition.ts";

/** Between two reads, for the change that came first to become visible. */
const BETWEEN_READS_MS = 25;

interface CancelDeps {
  readonly store: Pick<Store, "commitTransition" | "job">;
  readonly activeJobs: Pick<ActiveJobs, "get">;
  readonly signals: Pick<JobSignals, "announce">;
  readonly messages: Pick<Messages, "publish">;
  readonly telemetry: Pick<Telemetry, "jobEnded">;
  readonly clock: Clock;
  readonly jobUrl: (jobId: string) => string;
}

/**
 * Ends a job with `CANCELLED`, under the claim that it has, whoever has it: what its owner writes later
 * is refused. If another change comes first, the job is read again. The end is durable when this
 * resolves; a running plugin can still take its grace period to stop. Throws `Refused`:
 * JOB_NOT_FOUND, JOB_ALREADY_ENDED.
 */
export async function cancelJob(jobId: string, deps: CancelDeps): Promise<void> {
  const { store, activeJobs, clock } = deps;
  for (;;) {
    const job = await store.job(jobId);
    if (job === null) throw new Refused("JOB_NOT_FOUND", `There is no job "${jobId}".`);
    if (hasEnded(job.status)) {
      throw new Refused("JOB_ALREADY_ENDED", `Job "${jobId}" has ended: it is ${job.status}.`);
    }
    const claim = { jobId, fence: job.fence, owner: job.owner };
    // This process knows more than the store about its own jobs: what is being written, and the running step.
    const active = activeJobs.get(claim);
    if (await (active?.cancel() ?? cancelStored(claim, job, deps))) return;
    await clock.sleep(BETWEEN_READS_MS, { signal: new AbortController().signal });
  }
}

async function cancelStored(
  claim: Claim,
  { spec, status, sequence, failedAttempts, steps }: StoredJob,
  { store, signals, messages, telemetry, clock, jobUrl }: CancelDeps,
): Promise<boolean> {
  const transition = fail(
    { ...spec, sequence },
    {
      completedCount: steps.filter((step) => step.status === "completed").length,
      failure: CANCELLED,
      at: clock.now(),
      // Its owner most likely runs the next step now.
      attempts: failedAttempts + (status === "running" && sequence > 0 ? 1 : 0),
    },
    { jobUrl: jobUrl(claim.jobId) },
  );
  if (!(await store.commitTransition(claim, transition))) return false;
  // The owner can stop the step at once. Without the message it finds out by itself.
  if (claim.owner !== null) messages.publish({ kind: "claim-lost", claim });
  const { endedAt, failure } = transition;
  signals.announce(claim.jobId, {
    kind: "changed",
    status: "failed",
    ...(endedAt !== undefined && { endedAt }),
    ...(failure !== undefined && { failure }),
  });
  telemetry.jobEnded({ status: "failed", failureCode: CANCELLED.code, durationMs: null });
  publishCommitted(transition, { isMoreDue: true, hasLimits: spec.limits !== undefined, messages });
  return true;
}

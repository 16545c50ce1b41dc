/** Takes one claimed job through its plugins; each step's outcome, event and deliveries are one change. */
import type { Failure } from "../domain/errors.ts";
import {
  begin,
  completeStep,
  fail,
  failStep,
  hasEnded,
  isPoison,
  MAX_STEP_ATTEMPTS,
  type RunningJob,
  type Transition,
} from "../domain/job.ts";
import type { Log } from "../ports/log.ts";
import type { StepResult } from "../ports/plugin-pool.ts";
import type { JobWrites } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { JobSignals } from "./job-signals.ts";
import { runStep, type StepDeps } from "./run-step.ts";

export interface RunDeps extends StepDeps {
  readonly store: Pick<JobWrites, "appendLogs" | "commitTransition" | "releaseJobs">;
  readonly signals: JobSignals;
  readonly telemetry: Telemetry;
  readonly log: Log;
  readonly jobUrl: (jobId: string) => string;
  /** A transition was stored, so deliveries may be due. */
  readonly onCommitted: () => void;
}

/** A job that runs in this process. */
export interface ActiveJob {
  /** Ends the job with `CANCELLED`; false when it had ended by itself. */
  cancel(): Promise<boolean>;
  /** Lets the running step end, then puts the job back into the queue if it is not its last. */
  drain(): void;
  /** Asks the running step to stop and puts the job back into the queue. */
  release(): void;
  /** Resolves when nothing of the job is left in this process; never rejects. */
  readonly ended: Promise<void>;
}

/** Starts the job; `onThreadFree` is called as soon as its last step has left its thread. */
export function runJob(claimed: RunningJob, deps: RunDeps, onThreadFree: () => void): ActiveJob {
  const claim = { jobId: claimed.id, fence: claimed.fence };
  const context = { jobUrl: deps.jobUrl(claimed.id) };
  const stop = new AbortController();
  let job = claimed;
  let draining = false;
  let leaving: "cancelled" | "released" | null = null;
  const isLeaving = (): typeof leaving => leaving;

  const commit = (transition: Transition): Promise<boolean> =>
    commitTransition(transition, { job: claimed, deps });

  function failBetweenSteps(failure: Failure): Promise<boolean> {
    const completedCount = job.completedSteps.length;
    return commit(fail(job, { completedCount, failure, at: deps.clock.now() }, context));
  }

  function settle(result: StepResult): Transition {
    if (!result.ok) return failStep(job, result, context);
    const plugin = job.plugins[job.completedSteps.length]?.name ?? "";
    const next = completeStep(job, { plugin, ...result }, context);
    job = next.job;
    return next.transition;
  }

  async function run(): Promise<void> {
    if (isPoison(job)) return void (await failBetweenSteps(interrupted(job)));
    const started = begin(job, job.startedAt, context);
    if (started !== null) {
      job = { ...job, sequence: started.sequence };
      // Not awaited: the store keeps the order of calls, so no outcome is stored before this.
      void commit(started).catch(onLost);
    }
    while (isLeaving() === null) {
      const result = await runStep(job, deps, { signal: stop.signal, onLost });
      if (isLeaving() !== null) break;
      const transition = settle(result);
      const stored = commit(transition);
      if (hasEnded(transition.status)) onThreadFree();
      if (!(await stored)) return deps.log.warn(claim, "job.claim-lost");
      if (hasEnded(transition.status)) return;
      if (draining) leaving ??= "released";
    }
    onThreadFree();
    if (isLeaving() === "released") await deps.store.releaseJobs([claim]);
  }

  // What could not be stored is not lost: the lease runs out and the step is run again.
  function onLost(error: unknown): void {
    deps.log.error({ jobId: claimed.id, err: error }, "job.write-failed");
  }

  return {
    async cancel() {
      if (leaving !== null) return false;
      leaving = "cancelled";
      const stored = failBetweenSteps({ code: "CANCELLED", message: "The job was cancelled." });
      stop.abort();
      return stored;
    },
    drain: () => void (draining = true),
    release() {
      leaving ??= "released";
      stop.abort();
    },
    ended: run().catch(onLost),
  };
}

function interrupted(job: RunningJob): Failure {
  const plugin = job.plugins[job.completedSteps.length]?.name;
  return {
    code: "STEP_INTERRUPTED",
    message: `The daemon stopped ${MAX_STEP_ATTEMPTS} times while plugin "${plugin}" ran, so it is not tried again.`,
  };
}

/** Stores the transition and tells of it. False when the claim is no longer the newest. */
async function commitTransition(
  transition: Transition,
  { job, deps }: { job: RunningJob; deps: RunDeps },
): Promise<boolean> {
  const claim = { jobId: job.id, fence: job.fence };
  if (!(await deps.store.commitTransition(claim, transition))) return false;
  const { status, failure = null, endedAt } = transition;
  deps.signals.tell(job.id, { kind: "changed", status });
  deps.onCommitted();
  if (endedAt !== undefined && (status === "completed" || status === "failed")) {
    const durationMs = Math.max(0, endedAt - job.startedAt);
    deps.telemetry.jobEnded({ status, failureCode: failure?.code ?? null, durationMs });
    deps.log.debug({ jobId: job.id, status, failure, durationMs }, "job.ended");
  }
  return true;
}

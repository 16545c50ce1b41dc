/** Takes one claimed job through its plugins. */
import type { Failure } from "../../domain/errors.ts";
import { isPoison, MAX_STEP_ATTEMPTS, type RunningJob } from "../../domain/job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import {
  createClaimedJob,
  nextPlugin,
  type ClaimedJobDeps,
  type Concluded,
} from "./claimed-job.ts";
import type { JobSignals } from "./job-signals.ts";
import type { Lookahead } from "./lookahead.ts";
import { runStep, type StepDeps } from "../steps/run-step.ts";

export interface RunDeps extends StepDeps, Omit<ClaimedJobDeps, "onLost"> {
  readonly store: StepDeps["store"] & ClaimedJobDeps["store"];
  readonly clock: StepDeps["clock"] & Pick<Clock, "sleep">;
  readonly signals: JobSignals;
  readonly telemetry: Telemetry;
  readonly lookahead: Pick<Lookahead, "stepEnded">;
  readonly maxLogBytes: number;
}

/** How long a job whose write failed is kept, so that a store that fails is not asked without a pause. */
const PAUSE_MS = 1_000;

/** A job that this process has claimed. */
export interface ActiveJob {
  /** Whether its first step has had a thread. */
  hasBegun(): boolean;
  /** Ends the job with `CANCELLED`; false when it had ended by itself. */
  cancel(): Promise<boolean>;
  /** Lets the running step end, then puts the job back into the queue if it is not its last. */
  drain(): void;
  /** Asks the running step to stop and puts the job back into the queue. */
  release(): void;
  /** Resolves when nothing of the job is left in this process; never rejects. */
  readonly ended: Promise<void>;
}

export function runJob(claimed: RunningJob, deps: RunDeps): ActiveJob {
  const claim = { jobId: claimed.id, fence: claimed.fence };
  const onLost = (error: unknown): void => {
    deps.log.error({ jobId: claimed.id, err: error }, "job.write-failed");
  };
  const job = createClaimedJob(claimed, { ...deps, onLost });
  const stop = new AbortController();
  const jobLog = { leftBytes: deps.maxLogBytes };
  let hasBegun = false;
  let stepBegunAt: number | null = null;
  let draining = false;
  let leaving: "cancelled" | "released" | null = null;
  const isLeaving = (): typeof leaving => leaving;

  /** Runs the next step and calls its commit; null when the job was told to leave meanwhile. */
  async function runAndCommit(): Promise<{ concluded: Promise<Concluded> } | null> {
    stepBegunAt = deps.clock.now();
    try {
      const result = await runStep(job.current(), deps, {
        signal: stop.signal,
        log: jobLog,
        onLost,
      });
      deps.lookahead.stepEnded(Math.max(0, result.endedAt - result.startedAt));
      return isLeaving() === null ? { concluded: job.conclude(result) } : null;
    } finally {
      stepBegunAt = null;
      // After the commit was called, so that the next claim shares its transaction.
      deps.threads.release();
    }
  }

  async function run(): Promise<void> {
    if (isPoison(claimed)) {
      const failure = interrupted(claimed);
      deps.log.error({ ...claim, plugin: nextPlugin(claimed), failure }, "job.gives-up-crashing");
      return void (await job.failBetweenSteps(failure));
    }
    if (claimed.stepAttempts === MAX_STEP_ATTEMPTS) {
      deps.log.warn({ ...claim, plugin: nextPlugin(claimed) }, "job.last-try-alone");
    }
    while (await deps.threads.acquire({ underWay: hasBegun, signal: stop.signal })) {
      if (!hasBegun) job.start();
      hasBegun = true;
      const step = await runAndCommit();
      if (step === null) break;
      const { stored, ended } = await step.concluded;
      if (!stored) {
        deps.log.warn(claim, "job.claim-lost");
        return job.giveBack({ countsAttempt: true });
      }
      if (ended) return;
      if (draining) release();
    }
    await job.giveBack({ countsAttempt: false });
  }

  function release(): void {
    leaving ??= "released";
    stop.abort();
  }

  /** May be called again, for one that could not be stored. */
  async function cancel(): Promise<boolean> {
    if (leaving === "released") return false;
    leaving = "cancelled";
    const failure = { code: "CANCELLED", message: "The job was cancelled." } as const;
    const stored =
      stepBegunAt === null ? job.failBetweenSteps(failure) : job.failInStep(failure, stepBegunAt);
    stop.abort();
    return stored;
  }

  // What could not be stored is not the end: the step runs anew, as often as it may be begun.
  function runToEnd(): Promise<void> {
    return run().catch(async (error: unknown) => {
      onLost(error);
      await deps.clock.sleep(PAUSE_MS, { signal: stop.signal });
      await job.giveBack({ countsAttempt: true });
    });
  }

  return {
    hasBegun: () => hasBegun,
    cancel,
    drain() {
      draining = true;
      if (stepBegunAt === null) release();
    },
    release,
    ended: runToEnd().catch(onLost),
  };
}

function interrupted(job: RunningJob): Failure {
  return {
    code: "STEP_INTERRUPTED",
    message: `Plugin "${nextPlugin(job)}" was interrupted ${MAX_STEP_ATTEMPTS} times: the daemon stopped, or could not store what it came to. It is not tried again.`,
  };
}

/** Takes one claimed job through its plugins; each step's outcome, event and deliveries are one change. */
import { Transient, type Failure } from "../domain/errors.ts";
import {
  begin,
  completeStep,
  fail,
  failStep,
  hasEnded,
  isPoison,
  MAX_STEP_ATTEMPTS,
  type EventContext,
  type RunningJob,
  type Transition,
} from "../domain/job.ts";
import type { Log } from "../ports/log.ts";
import type { StepResult } from "../ports/plugin-pool.ts";
import type { JobWrites } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { JobSignals } from "./job-signals.ts";
import type { Lookahead } from "./lookahead.ts";
import { runStep, type StepDeps } from "./run-step.ts";
import type { Threads } from "./threads.ts";

export interface RunDeps extends StepDeps {
  readonly store: Pick<JobWrites, "appendLogs" | "commitTransition" | "releaseJobs">;
  readonly threads: Pick<Threads, "acquire" | "release">;
  readonly lookahead: Pick<Lookahead, "stepEnded">;
  readonly signals: JobSignals;
  readonly telemetry: Telemetry;
  readonly log: Log;
  readonly maxLogBytes: number;
  readonly jobUrl: (jobId: string) => string;
  /** A transition was stored, so deliveries may be due. */
  readonly onCommitted: (transition: Pick<Transition, "status">) => void;
}

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
  const context = { jobUrl: deps.jobUrl(claimed.id) };
  const stop = new AbortController();
  const jobLog = { leftBytes: deps.maxLogBytes };
  let job = claimed;
  let hasBegun = false;
  let inStep = false;
  let draining = false;
  let leaving: "cancelled" | "released" | null = null;
  const isLeaving = (): typeof leaving => leaving;

  const commit = (transition: Transition): Promise<boolean> =>
    commitTransition(transition, { job: claimed, deps });

  function failBetweenSteps(failure: Failure): Promise<boolean> {
    const completedCount = job.completedSteps.length;
    return commit(fail(job, { completedCount, failure, at: deps.clock.now() }, context));
  }

  function tellStart(): void {
    const started = begin(job, job.startedAt, context);
    if (started === null) return;
    job = { ...job, sequence: started.sequence };
    // Not awaited: the store keeps the order of calls, so no outcome is stored before this.
    void commit(started).catch(onLost);
  }

  /**
   * Stores what the step came to; false when the claim is lost. An error that trying again does not
   * mend fails the job, which would else run this step for ever.
   */
  async function conclude(result: StepResult): Promise<{ stored: boolean; ended: boolean }> {
    const before = job;
    try {
      const { transition, next } = settle(job, result, context);
      job = next;
      return { stored: await commit(transition), ended: hasEnded(transition.status) };
    } catch (error) {
      if (error instanceof Transient) throw error;
      onLost(error);
      job = before;
      return { stored: await failBetweenSteps(notConcluded(job, error)), ended: true };
    }
  }

  /** Runs the next step and calls its commit; null when the job was told to leave meanwhile. */
  async function runAndCommit(): Promise<{ concluded: ReturnType<typeof conclude> } | null> {
    inStep = true;
    try {
      const result = await runStep(job, deps, { signal: stop.signal, log: jobLog, onLost });
      deps.lookahead.stepEnded(Math.max(0, result.endedAt - result.startedAt));
      return isLeaving() === null ? { concluded: conclude(result) } : null;
    } finally {
      inStep = false;
      // After the commit was called, so that the next claim shares its transaction.
      deps.threads.release();
    }
  }

  async function run(): Promise<void> {
    if (isPoison(job)) {
      const failure = interrupted(job);
      deps.log.error({ ...claim, plugin: nextPlugin(job), failure }, "job.gives-up-crashing");
      return void (await failBetweenSteps(failure));
    }
    while (await deps.threads.acquire({ underWay: hasBegun, signal: stop.signal })) {
      if (!hasBegun) tellStart();
      hasBegun = true;
      const step = await runAndCommit();
      if (step === null) break;
      const { stored, ended } = await step.concluded;
      if (!stored) {
        deps.log.warn(claim, "job.claim-lost");
        return giveBack();
      }
      if (ended) return;
      if (draining) release();
    }
    if (isLeaving() === "released") await giveBack();
  }

  /** Changes nothing when the job has ended, or another claim is newer. */
  const giveBack = (): Promise<void> => deps.store.releaseJobs([claim]);

  function release(): void {
    leaving ??= "released";
    stop.abort();
  }

  async function cancel(): Promise<boolean> {
    if (leaving !== null) return false;
    leaving = "cancelled";
    const stored = failBetweenSteps({ code: "CANCELLED", message: "The job was cancelled." });
    stop.abort();
    return stored;
  }

  function onLost(error: unknown): void {
    deps.log.error({ jobId: claimed.id, err: error }, "job.write-failed");
  }

  // What could not be stored for now is not lost: the job is queued again, to run its step anew.
  function runToEnd(): Promise<void> {
    return run().catch((error: unknown) => {
      onLost(error);
      return giveBack();
    });
  }

  return {
    hasBegun: () => hasBegun,
    cancel,
    drain() {
      draining = true;
      if (!inStep) release();
    },
    release,
    ended: runToEnd().catch(onLost),
  };
}

function settle(
  job: RunningJob,
  result: StepResult,
  context: EventContext,
): { transition: Transition; next: RunningJob } {
  if (!result.ok) return { transition: failStep(job, result, context), next: job };
  const completed = completeStep(job, { plugin: nextPlugin(job), ...result }, context);
  return { transition: completed.transition, next: completed.job };
}

function nextPlugin(job: RunningJob): string {
  return job.plugins[job.completedSteps.length]?.name ?? "";
}

function interrupted(job: RunningJob): Failure {
  return {
    code: "STEP_INTERRUPTED",
    message: `The daemon stopped ${MAX_STEP_ATTEMPTS} times while plugin "${nextPlugin(job)}" ran, so it is not tried again.`,
  };
}

function notConcluded(job: RunningJob, error: unknown): Failure {
  return {
    code: "INTERNAL_ERROR",
    message: `What plugin "${nextPlugin(job)}" came to could not be stored: ${String(error)}`,
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
  deps.onCommitted(transition);
  if (endedAt !== undefined && (status === "completed" || status === "failed")) {
    const durationMs = Math.max(0, endedAt - job.startedAt);
    deps.telemetry.jobEnded({ status, failureCode: failure?.code ?? null, durationMs });
    deps.log.debug({ jobId: job.id, status, failure, durationMs }, "job.ended");
  }
  return true;
}

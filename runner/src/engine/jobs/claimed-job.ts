/** A job under one claim, and what is stored of it; each step's outcome, event and deliveries are one change. */
import { Transient, type Failure } from "../../domain/errors.ts";
import {
  begin,
  completeStep,
  fail,
  failStep,
  hasEnded,
  type EventContext,
  type RunningJob,
  type Transition,
} from "../../domain/job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { StepResult } from "../../ports/plugin-pool.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { JobSignals } from "./job-signals.ts";
import type { StoreRetry } from "../upkeep/store-retry.ts";
import type { Threads } from "../steps/threads.ts";

export interface ClaimedJobDeps {
  readonly store: Pick<Store, "commitTransition" | "releaseJobs">;
  readonly threads: Pick<Threads, "acquire" | "release">;
  readonly clock: Pick<Clock, "now">;
  readonly signals: Pick<JobSignals, "tell">;
  readonly telemetry: Pick<Telemetry, "jobEnded">;
  readonly log: Log;
  readonly retryWrite: StoreRetry;
  readonly jobUrl: (jobId: string) => string;
  /** A transition was stored, so deliveries may be due. */
  readonly onCommitted: (transition: Pick<Transition, "status">) => void;
  /** The job is in the queue again. */
  readonly onGivenBack: () => void;
  readonly onLost: (error: unknown) => void;
}

export interface ClaimedJob {
  /** With the steps whose outcomes are stored, or about to be. */
  current(): RunningJob;
  /** Tells of the start. Not awaited: the store keeps the order of calls, so nothing is stored before it. */
  start(): void;
  /**
   * Stores what the step came to, when the store can; not `stored` when the claim is lost. An error
   * that trying again does not mend fails the job, which would else run this step once more.
   */
  conclude(result: StepResult): Promise<Concluded>;
  /** False when the job has ended, or the claim is lost. */
  failBetweenSteps(failure: Failure): Promise<boolean>;
  /** The same, with the step that is under way. */
  failInStep(failure: Failure, startedAt: number): Promise<boolean>;
  /** Changes nothing when the job has ended, or another claim is newer. */
  giveBack(request: { countsAttempt: boolean }): Promise<void>;
}

export interface Concluded {
  readonly stored: boolean;
  readonly ended: boolean;
}

export function createClaimedJob(claimed: RunningJob, deps: ClaimedJobDeps): ClaimedJob {
  const context = { jobUrl: deps.jobUrl(claimed.id) };
  let job = claimed;
  let lostStart: Transition | null = null;

  function tell(started: Transition): void {
    lostStart = null;
    commitTransition(started, { job, deps }).catch((error: unknown) => {
      deps.onLost(error);
      lostStart = started;
    });
  }

  function commit(transition: Transition): Promise<boolean> {
    // What follows on the start would be refused without it.
    if (lostStart !== null) tell(lostStart);
    return commitTransition(transition, { job, deps });
  }

  async function keep({ transition, next }: Settled): Promise<Concluded> {
    const before = job;
    const write = async (): Promise<boolean> => {
      job = next;
      try {
        return await commit(transition);
      } catch (error) {
        // A cancel follows on what is stored.
        job = before;
        throw error;
      }
    };
    const stored = await write().catch((error: unknown) => {
      if (!(error instanceof Transient)) throw error;
      return inThreadsPlace(() => deps.retryWrite("commitTransition", write));
    });
    return { stored, ended: hasEnded(transition.status) };
  }

  /** Else other jobs would run meanwhile, and their outcomes pile up in memory too. */
  async function inThreadsPlace<T>(act: () => Promise<T>): Promise<T> {
    const done = new AbortController();
    const thread = deps.threads.acquire({ underWay: true, signal: done.signal });
    try {
      return await act();
    } finally {
      done.abort();
      if (await thread) deps.threads.release();
    }
  }

  return {
    current: () => job,
    start() {
      const started = begin(job, job.startedAt, context);
      if (started === null) return;
      job = { ...job, sequence: started.sequence };
      tell(started);
    },
    async conclude(result) {
      try {
        return await keep(settle(job, result, context));
      } catch (error) {
        if (error instanceof Transient) throw error;
        deps.onLost(error);
        const { startedAt, endedAt } = result;
        const failed = { ok: false, failure: notConcluded(job), metrics: null } as const;
        return keep(settle(job, { ...failed, startedAt, endedAt }, context));
      }
    },
    failBetweenSteps(failure) {
      const completedCount = job.completedSteps.length;
      return commit(fail(job, { completedCount, failure, at: deps.clock.now() }, context));
    },
    failInStep(failure, startedAt) {
      const outcome = { failure, metrics: null, startedAt, endedAt: deps.clock.now() };
      return commit(failStep(job, outcome, context));
    },
    async giveBack(request) {
      await deps.store.releaseJobs([{ jobId: job.id, fence: job.fence }], request);
      deps.onGivenBack();
    },
  };
}

interface Settled {
  readonly transition: Transition;
  readonly next: RunningJob;
}

function settle(job: RunningJob, result: StepResult, context: EventContext): Settled {
  if (!result.ok) return { transition: failStep(job, result, context), next: job };
  const completed = completeStep(job, { plugin: nextPlugin(job), ...result }, context);
  return { transition: completed.transition, next: completed.job };
}

export function nextPlugin(job: RunningJob): string {
  return job.plugins[job.completedSteps.length]?.name ?? "";
}

/** Nothing of the error's own text is in it, which goes to every webhook. */
function notConcluded(job: RunningJob): Failure {
  return {
    code: "INTERNAL_ERROR",
    message: `What plugin "${nextPlugin(job)}" came to could not be stored; the daemon's log says why.`,
  };
}

/** Stores the transition and tells of it. False when the claim is no longer the newest. */
async function commitTransition(
  transition: Transition,
  { job, deps }: { job: RunningJob; deps: ClaimedJobDeps },
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

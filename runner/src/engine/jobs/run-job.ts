/**
 * Runs one claimed job: begin, run a step, store its result, then the next step or the end.
 * `domain/job.ts` applies each result to the job.
 */
import { begin, cancel, currentPlugin, isLastAttempt, type RunningJob } from "../../domain/job.ts";
import { MAX_LOG_LINES } from "../../domain/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { StepInterrupted } from "../../ports/plugin-pool.ts";
import type { Store } from "../../ports/store/store.ts";
import { runStep, type StepDeps } from "../steps/run-step.ts";
import type { Threads } from "../steps/threads.ts";
import type { StoreRetry } from "../upkeep/store-retry.ts";
import { endWithoutRun } from "./end-without-run.ts";
import { createLoadAgain } from "./load-again.ts";
import type { Lookahead } from "./lookahead.ts";
import { storeResult, type Stored } from "./store-result.ts";
import { whyUnavailable } from "./unavailable-plugin.ts";
import { createTransitionWriter, type TransitionDeps } from "./write-transition.ts";

export interface RunJobDeps extends StepDeps, TransitionDeps {
  readonly store: StepDeps["store"] & TransitionDeps["store"] & Pick<Store, "releaseJobs">;
  readonly clock: Pick<Clock, "now" | "sleep">;
  readonly signals: StepDeps["signals"] & TransitionDeps["signals"];
  readonly telemetry: StepDeps["telemetry"] & TransitionDeps["telemetry"];
  readonly catalog: Pick<PluginCatalog, "get" | "recheck">;
  readonly threads: Pick<Threads, "acquire" | "release">;
  readonly lookahead: Pick<Lookahead, "stepEnded">;
  readonly retryWrite: StoreRetry;
  /** Bytes of log that all the job's steps together can write. */
  readonly maxLogBytes: number;
  readonly jobUrl: (jobId: string) => string;
  /** The job is back in the queue. */
  readonly onReleased: () => void;
}

/** A job that this process has claimed. */
export interface ActiveJob {
  /** Whether it has started in a thread. */
  hasBegun(): boolean;
  /** Ends the job with `CANCELLED`. False if it had already ended. */
  cancel(): Promise<boolean>;
  /** Lets the running step end, then puts the job back into the queue unless that was its last step. */
  drain(): void;
  /** Asks the running step to stop and puts the job back into the queue. */
  release(): void;
  /** Resolves when this process has nothing left to do for the job. Never rejects. */
  readonly ended: Promise<void>;
}

/** A job whose write failed keeps its place this long, so that it is not retried in a tight loop. */
const PAUSE_MS = 1_000;

type StepEnd = { readonly stored: Promise<Stored> } | StepInterrupted | "not-loaded";

export function runJob(claimed: RunningJob, deps: RunJobDeps): ActiveJob {
  const { threads, clock, log } = deps;
  const claim = { jobId: claimed.id, fence: claimed.fence };
  const context = { jobUrl: deps.jobUrl(claimed.id) };
  const writer = createTransitionWriter(claim, { ...deps, startedAt: claimed.startedAt, onError });
  const stop = new AbortController();
  const logBudget = { leftBytes: deps.maxLogBytes, leftLines: MAX_LOG_LINES };
  const current = { job: claimed };
  const resultDeps = { writer, threads, clock, retryWrite: deps.retryWrite, context, onError };
  let hasBegun = false;
  let stepStartedAt: number | null = null;
  let isDraining = false;
  let leaving: "cancelled" | "released" | null = null;
  /** If not, the job goes back into the queue, where it waits. */
  const isReady = (): boolean => whyUnavailable(deps.catalog, currentPlugin(current.job)) === null;
  const loadAgain = createLoadAgain({ ...deps, isReady });
  const isLeaving = (): boolean => leaving !== null;

  async function run(): Promise<void> {
    const end = endWithoutRun(current.job, deps, context);
    if (end !== null) return void (await writer.write(end));
    if (isLastAttempt(current.job)) {
      log.warn({ ...claim, plugin: currentPlugin(current.job) }, "job.last-attempt");
    }
    while (isReady() && (await threads.acquire({ hasBegun, signal: stop.signal }))) {
      const step = await runNextStep();
      if (step === null) break;
      if (step === "not-loaded") {
        await loadAgain.recheck(stop.signal);
        continue;
      }
      if ("interrupted" in step) {
        log.warn({ ...claim, reason: step.interrupted }, "job.step-interrupted");
        return backToQueue({ countsAttempt: true });
      }
      const { isStored, isEnd } = await step.stored;
      if (!isStored) {
        log.warn(claim, "job.claim-lost");
        return backToQueue({ countsAttempt: true });
      }
      if (isEnd) return;
      if (isDraining) release();
    }
    await backToQueue({ countsAttempt: false });
  }

  /** Runs the next step in the acquired thread. Null if the job was cancelled or released in the meantime. */
  async function runNextStep(): Promise<StepEnd | null> {
    try {
      if (!hasBegun) beginJob();
      stepStartedAt = clock.now();
      const result = await runStep(current.job, deps, { signal: stop.signal, logBudget, onError });
      if ("interrupted" in result) return isLeaving() ? null : result;
      deps.lookahead.stepEnded(Math.max(0, result.endedAt - result.startedAt));
      if (isLeaving()) return null;
      if (loadAgain.wants(result)) return "not-loaded";
      return { stored: storeResult(result, current, resultDeps) };
    } finally {
      stepStartedAt = null;
      // After the outcome was handed to the store, so that the next claim shares its transaction.
      threads.release();
    }
  }

  function beginJob(): void {
    hasBegun = true;
    const started = begin(current.job, Math.min(current.job.startedAt, clock.now()), context);
    if (started === null) return;
    current.job = { ...current.job, sequence: started.sequence };
    writer.writeStart(started);
  }

  async function backToQueue(request: { countsAttempt: boolean }): Promise<void> {
    await deps.store.releaseJobs([claim], request);
    deps.onReleased();
  }

  function release(): void {
    leaving ??= "released";
    stop.abort();
  }

  function onError(error: unknown): void {
    log.error({ jobId: claim.jobId, err: error }, "job.write-failed");
  }

  /** The step whose outcome could not be stored runs again, up to MAX_STEP_ATTEMPTS times. */
  async function runAgainLater(error: unknown): Promise<void> {
    onError(error);
    await clock.sleep(PAUSE_MS, { signal: stop.signal });
    await backToQueue({ countsAttempt: true });
  }

  return {
    hasBegun: () => hasBegun,
    /** May be called again if the first call could not be stored. */
    async cancel() {
      if (leaving === "released") return false;
      leaving = "cancelled";
      const stored = writer.write(
        cancel(current.job, { stepStartedAt, now: clock.now() }, context),
      );
      stop.abort();
      return stored;
    },
    drain() {
      isDraining = true;
      if (stepStartedAt === null) release();
    },
    release,
    ended: run().catch(runAgainLater).catch(onError),
  };
}

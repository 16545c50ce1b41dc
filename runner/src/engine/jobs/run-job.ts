/**
 * Runs one claimed job: begin, run a step, store its result, then the next step or the end.
 * `domain/job.ts` applies each result to the job.
 */
import { begin, cancel, currentPlugin, isLastAttempt, type RunningJob } from "../../domain/job.ts";
import { keepsSlot } from "../../domain/plugin-limits.ts";
import { MAX_LOG_LINES } from "../../domain/limits.ts";
import { traceField } from "../../domain/trace-context.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import { createJobFiles, type JobFileDeps } from "../files/job-files.ts";
import type { Log } from "../../ports/log.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { StepInterrupted } from "../../ports/plugin-pool.ts";
import { runStep, type LogBudget, type StepDeps } from "../steps/run-step.ts";
import type { Threads } from "../steps/threads.ts";
import type { JobTraces } from "../tracing/job-traces.ts";
import type { Beats } from "../upkeep/beat-loop.ts";
import { endWithoutRun } from "./end-without-run.ts";
import { createGiveBack, type GiveBackDeps } from "./give-back.ts";
import { createLoadAgain } from "./load-again.ts";
import type { Lookahead } from "./lookahead.ts";
import { storeResult, type Stored } from "./store-result.ts";
import { whyUnavailable } from "./unavailable-plugin.ts";
import { createTransitionWriter, type TransitionDeps } from "./write-transition.ts";

export interface RunJobDeps extends StepDeps, TransitionDeps, GiveBackDeps, JobFileDeps {
  readonly store: StepDeps["store"] &
    TransitionDeps["store"] &
    GiveBackDeps["store"] &
    JobFileDeps["store"];
  readonly clock: Pick<Clock, "now" | "sleep">;
  readonly signals: StepDeps["signals"] & TransitionDeps["signals"];
  readonly telemetry: StepDeps["telemetry"] & TransitionDeps["telemetry"];
  readonly catalog: Pick<PluginCatalog, "get" | "known" | "recheck">;
  readonly threads: Pick<Threads, "acquire" | "release">;
  readonly lookahead: Pick<Lookahead, "stepEnded">;
  readonly beats: Pick<Beats, "isHeard" | "heardForMs">;
  /** Bytes of log that all the job's steps together can write. */
  readonly maxLogBytes: number;
  readonly ids: Pick<Ids, "random">;
  readonly traces: Pick<JobTraces, "began" | "step">;
  readonly jobUrl: (jobId: string) => string;
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
  /** The claim is lost: asks the running step to stop. False if there was nothing left to stop. */
  drop(): boolean;
  /** Resolves when this process has nothing left to do for the job. Never rejects. */
  readonly ended: Promise<void>;
}

type StepEnd = { readonly stored: Promise<Stored> } | StepInterrupted | "not-loaded";

export function runJob(claimed: RunningJob, deps: RunJobDeps): ActiveJob {
  const { threads, clock, log } = deps;
  const claim = { jobId: claimed.id, fence: claimed.fence, owner: claimed.owner };
  const files = createJobFiles(claimed, deps);
  const context = { jobUrl: deps.jobUrl(claimed.id), linkFiles: files.link };
  const stop = new AbortController();
  const onGiveBack = { signal: stop.signal, hasBegun: () => hasBegun };
  const giveBack = createGiveBack(claim, { ...deps, ...onGiveBack });
  const { onError } = giveBack;
  const writer = createTransitionWriter(claim, {
    ...deps,
    job: claimed,
    onError,
    onLost: () => void (drop() && log.warn(claim, "job.claim-lost")),
  });
  const stepRun = { signal: stop.signal, logBudget: newLogBudget(deps), files, onError };
  const current = { job: claimed };
  let hasBegun = false;
  let stepStartedAt: number | null = null;
  let isDraining = false;
  /** The claim can end with this write, so it is not known to be lost if it is no longer valid. */
  let isStoring = false;
  let leaving: "cancelled" | "released" | null = null;
  /** If not, the job goes back into the queue, where it waits. */
  const isReady = (): boolean => whyUnavailable(deps.catalog, currentPlugin(current.job)) === null;
  const loadAgain = createLoadAgain({ ...deps, isReady });
  const isLeaving = (): boolean => leaving !== null;

  async function run(): Promise<void> {
    const end = endWithoutRun(current.job, deps, context);
    isStoring = end !== null;
    if (end !== null) return void (await writer.write(end));
    // Claimed to fail, without a slot. Its plugin can be loaded again.
    if (claimed.waitedFor !== undefined && hasLimit(claimed)) release();
    if (isLastAttempt(current.job)) warnOfLastAttempt(current.job, log);
    while (isReady() && (await threads.acquire({ hasBegun, signal: stop.signal }))) {
      const step = await runNextStep();
      if (step === null) break;
      if (step === "not-loaded") {
        await loadAgain.recheck(stop.signal);
        continue;
      }
      isStoring = true;
      if ("interrupted" in step) return giveBack.interrupted(step);
      const { isStored, next } = await step.stored;
      isStoring = false;
      if (!isStored) return giveBack.after("job.claim-lost");
      if (next !== "running") return;
      if (isDraining || !keepsSlot(claimed.limits, current.job.completedSteps.length)) release();
    }
    isStoring = true;
    await giveBack.now({ countsAttempt: false });
  }

  /** Runs the next step in the acquired thread. Null if the job was cancelled or released in the meantime. */
  async function runNextStep(): Promise<StepEnd | null> {
    try {
      // Otherwise another daemon may have run the step since the job was claimed.
      if (!deps.beats.isHeard()) return null;
      if (!hasBegun) beginJob();
      stepStartedAt = clock.now();
      const result = await runStep(current.job, deps, stepRun);
      if ("interrupted" in result) return isLeaving() ? null : result;
      deps.lookahead.stepEnded(result.durationMs);
      if (isLeaving()) return null;
      if (loadAgain.wants(result)) return "not-loaded";
      return { stored: storeResult(result, current, { ...deps, writer, context, onError }) };
    } finally {
      stepStartedAt = null;
      // After the outcome was handed to the store, so that the next claim shares its transaction.
      threads.release();
    }
  }

  function beginJob(): void {
    hasBegun = true;
    const started = begin(current.job, Math.min(current.job.startedAt, clock.now()), context);
    // It goes on after an interruption or a retry, and was announced as queued then.
    if (started === null) return announceRunning(claim.jobId, deps);
    reportBegun(current.job, deps);
    current.job = { ...current.job, sequence: started.sequence };
    writer.writeStart(started);
  }

  function release(): void {
    leaving ??= "released";
    stop.abort();
  }

  /** Putting the job back has no effect, because the claim is not valid. */
  function drop(): boolean {
    if (leaving !== null || isStoring) return false;
    release();
    return true;
  }

  return {
    hasBegun: () => hasBegun,
    /** May be called again if the first call could not be stored. */
    async cancel() {
      leaving = "cancelled";
      const transition = cancel(current.job, { stepStartedAt, now: clock.now() }, context);
      const stored = writer.write(transition);
      stop.abort();
      return stored;
    },
    drain() {
      isDraining = true;
      if (stepStartedAt === null) release();
    },
    release,
    drop,
    ended: run().catch(giveBack.later).catch(onError).finally(files.end),
  };
}

function hasLimit({ limits, completedSteps }: RunningJob): boolean {
  return (limits?.[completedSteps.length] ?? null) !== null;
}

function warnOfLastAttempt(job: RunningJob, log: Log): void {
  const { id: jobId, fence, owner } = job;
  const plugin = currentPlugin(job);
  log.warn({ jobId, fence, owner, plugin, ...traceField(job) }, "job.last-attempt");
}

function announceRunning(jobId: string, { signals }: Pick<RunJobDeps, "signals">): void {
  signals.announce(jobId, { kind: "changed", status: "running" });
}

function reportBegun(
  job: RunningJob,
  { telemetry, traces, clock }: Pick<RunJobDeps, "clock" | "telemetry" | "traces">,
): void {
  telemetry.jobBegan({ waitMs: queueWaitMs(job, clock.now()) });
  traces.began(job);
}

function newLogBudget({ maxLogBytes }: Pick<RunJobDeps, "maxLogBytes">): LogBudget {
  return { leftBytes: maxLogBytes, leftLines: MAX_LOG_LINES };
}

/** How long the job could have run before it did. */
function queueWaitMs({ createdAt, runAt }: RunningJob, now: number): number {
  return Math.max(0, now - Math.max(createdAt, runAt));
}

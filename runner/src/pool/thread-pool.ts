/**
 * Runs steps in the plugin threads of this executor, and turns what happens to them into outcomes.
 *
 * When a thread dies, its step fails if the thread blamed that step (thread/report-faults) or if the
 * step was the thread's first. Otherwise an earlier step can be the cause (a timer that throws,
 * memory that was never freed): the step runs again, alone in a new thread, and whatever happens
 * there counts as its own outcome.
 */
import { setImmediate as nextIteration } from "node:timers/promises";
import type { Failure } from "../domain/errors.ts";
import type { ExecutorSettings, ReceivedTask } from "../executor/messages.ts";
import type { StepHooks } from "../ports/plugin-pool.ts";
import { ShortLivedMap } from "../system/short-lived-map.ts";
import { createGeneration, type Generation } from "./generation.ts";
import { createGenerations, type Generations } from "./generations.ts";
import type { StepInterrupted } from "../ports/plugin-pool.ts";
import type { RunMessage, StepOutcome, ThreadTask } from "./messages.ts";
import { watchStep, type StepWatch } from "./step-watch.ts";
import { memoryOver, type ThreadMemory } from "./watch-memory.ts";

export interface PoolHooks extends StepHooks {
  /**
   * The step's thread was ended, but works on in native code. The outcome comes when that work ends.
   * The failure is null if the step is not the cause.
   */
  onStuck(failure: Failure | null): void;
}

export interface ThreadPool {
  /**
   * Runs a step under a number of 1 or above that no other step of this pool has. Never rejects: a
   * failure is an outcome with `ok: false`.
   */
  run(number: number, task: ReceivedTask, hooks: PoolHooks): Promise<StepOutcome | StepInterrupted>;
  /** Ends the step's thread. The step fails, unless an earlier step left the memory behind. */
  endStep(number: number, failure: Failure): void;
  /** The running step whose heap and buffers are largest, in bytes. Null if none is known. */
  largestStep(): { readonly run: number; readonly bytes: number } | null;
  /** Says that the threads can have old modules loaded. */
  markStale(): void;
  /** Ends every thread. Steps that are running fail with CANCELLED. */
  close(): Promise<void>;
}

/** The main thread's record of a step in a thread. */
interface Run {
  readonly task: ThreadTask;
  readonly hooks: PoolHooks;
  readonly watch: StepWatch;
  readonly memoryMb: number;
  /** What its thread used at the last check, in bytes. */
  memoryBytes: number;
  generation: Generation;
  /** Whether it has a thread of its own, in which nothing ran before. */
  isAlone: boolean;
  outcome: StepOutcome | StepInterrupted | null;
  /** What the thread reported before it died. */
  fault: Failure | null;
}

type Runs = ShortLivedMap<number, Run>;

export function createThreadPool(
  settings: ExecutorSettings,
  /** A thread has ended and left processes behind, which were killed. */
  onOrphans: () => void,
): ThreadPool {
  const { memoryMb, graceMs, startLimitMs } = settings;
  const runs: Runs = new ShortLivedMap();
  const generations = startGenerations(settings, runs, onOrphans);
  let isClosed = false;

  return {
    async run(number, step, hooks) {
      if (isClosed || hooks.signal.aborted) return failed("CANCELLED", notStarted(hooks.signal));
      const { jobTimeoutMs, pluginTimeoutMs, ...task } = step;
      let ref = generations.acquire();
      const run: Run = {
        task: { ...task, run: number },
        hooks,
        watch: watchStep({
          plugin: step.plugin,
          jobTimeoutMs,
          pluginTimeoutMs,
          graceMs,
          startLimitMs,
          signal: hooks.signal,
          startedAt: () => run.generation.startOf(run.task.run)?.at ?? null,
          isAlone: () => run.isAlone,
          requestStop: (reason) => run.generation.requestStop(run.task.run, reason),
        }),
        memoryMb,
        memoryBytes: 0,
        generation: ref.generation,
        isAlone: false,
        outcome: null,
        fault: null,
      };
      runs.set(run.task.run, run);
      try {
        for (;;) {
          const outcome = await runInThread(run);
          if (outcome !== null) return outcome;
          ref.release();
          ref = generations.acquireSingle();
          run.generation = ref.generation;
          run.isAlone = true;
        }
      } finally {
        runs.delete(run.task.run);
        run.watch.end();
        ref.release();
      }
    },
    endStep: (number, failure) => handleMemoryOver(runs.get(number), failure),
    largestStep() {
      let largest: { run: number; bytes: number } | null = null;
      for (const { task, memoryBytes } of runs.values()) {
        if (memoryBytes > (largest?.bytes ?? 0)) largest = { run: task.run, bytes: memoryBytes };
      }
      return largest;
    },
    markStale: () => generations.markStale(),
    async close() {
      isClosed = true;
      for (const { watch } of runs.values()) watch.kill(STOPPING);
      await generations.close();
    },
  };
}

const STOPPING: Failure = {
  code: "CANCELLED",
  message: "The daemon stopped while the step was running.",
};

function notStarted(signal: AbortSignal): string {
  return signal.aborted ? "The job was cancelled." : "The daemon stopped before the step started.";
}

function startGenerations(
  settings: ExecutorSettings,
  runs: Runs,
  onOrphans: () => void,
): Generations {
  const { threads, memoryMb, outputLimitBytes, filesDir, egress, env } = settings;
  const { contentsDir, fileLimitBytes, withholdsEnv } = settings;
  return createGenerations(threads, (size) =>
    createGeneration({
      size,
      memoryMb,
      env,
      settings: { filesDir, outputLimitBytes, egress, contentsDir, fileLimitBytes, withholdsEnv },
      onMessage: (message) => handleMessage(message, runs),
      onOrphans,
      onMemory: (run, use) => handleMemory(runs.get(run), use),
    }),
  );
}

function handleMemory(run: Run | undefined, use: ThreadMemory): void {
  if (run === undefined) return;
  run.memoryBytes = use.heap + use.buffers;
  const message = memoryOver(use, run.memoryMb);
  if (message !== null) handleMemoryOver(run, { code: "OUT_OF_MEMORY", message });
}

/** An earlier step can have left the memory behind: then the step moves to a new thread, as after a crash. */
function handleMemoryOver(run: Run | undefined, failure: Failure): void {
  if (run === undefined) return;
  if (isFirstInThread(run)) run.watch.kill(failure);
  else run.watch.endThread();
}

function isFirstInThread({ isAlone, generation, task }: Run): boolean {
  return isAlone || (generation.startOf(task.run)?.isFirstOfThread ?? false);
}

/** Null when the thread died and the cause may be an earlier step. */
async function runInThread(run: Run): Promise<StepOutcome | StepInterrupted | null> {
  const { generation, watch, task } = run;
  const { killSignal } = watch;
  let death: unknown = null;
  try {
    await generation.run(task, killSignal, () => run.hooks.onStuck(watch.stopped ?? run.fault));
  } catch (error) {
    death = error;
  }
  generation.readMessages();
  if (run.outcome === null) {
    // Channels are not ordered: a new or dying thread's messages arrive by the next event loop iteration.
    await nextIteration();
    generation.readMessages();
  }
  // A step that was to move to another thread can have started just before its thread ended.
  const isOwnDeath = isFirstInThread(run) && !killSignal.aborted;
  generation.forget(task.run);
  if (run.outcome !== null) return applyStop(run.outcome, watch.stopped);
  const failure =
    watch.stopped ?? run.fault ?? (isOwnDeath ? deathFailure(death, run.memoryMb) : null);
  return failure === null ? null : { ok: false, failure, metrics: null };
}

/**
 * A step that timed out fails even when it completes within the grace period. A cancelled step can complete.
 * What the plugin asked for with its error still holds.
 */
function applyStop(
  outcome: StepOutcome | StepInterrupted,
  stopped: Failure | null,
): StepOutcome | StepInterrupted {
  if (stopped === null) return outcome;
  if ("interrupted" in outcome) return { ok: false, failure: stopped, metrics: null };
  if (outcome.ok && stopped.code === "CANCELLED") return outcome;
  if (!outcome.ok) return { ...outcome, failure: stopped };
  return { ok: false, failure: stopped, metrics: outcome.metrics };
}

function handleMessage(message: RunMessage, runs: Runs): void {
  const run = message.run === null ? undefined : runs.get(message.run);
  if (run === undefined) return;
  if (message.kind === "fault") {
    run.fault ??= message.failure;
    return;
  }
  if (message.kind === "pause-limit") {
    run.hooks.onLimitPause?.(message.pause);
    return;
  }
  if (message.lines.length > 0) run.hooks.onLog(message.lines);
  if (message.kind === "ended") {
    run.outcome = message.outcome;
    if (message.droppedLines > 0) run.hooks.onLogDropped?.(message.droppedLines);
  } else if (message.progress !== null) run.hooks.onProgress(message.progress);
}

function failed(code: Failure["code"], message: string): StepOutcome {
  return { ok: false, failure: { code, message }, metrics: null };
}

/** The failure for a thread that died, from the error in the worker's `error` event. */
function deathFailure(error: unknown, memoryMb: number): Failure {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === "ERR_WORKER_OUT_OF_MEMORY") {
    const text = `The plugin used more than the ${memoryMb} MiB of memory that a thread can have.`;
    return { code: "OUT_OF_MEMORY", message: text };
  }
  return { code: "PLUGIN_CRASHED", message: `The plugin's thread died: ${String(message)}` };
}

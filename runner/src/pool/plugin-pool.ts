/**
 * Runs steps in plugin threads and turns every outcome into a `StepResult`.
 *
 * When a thread dies, its step fails if the thread blamed that step (thread/report-faults) or if the
 * step was the thread's first. Otherwise an earlier step can be the cause (a timer that throws,
 * memory that was never freed): the step runs again, alone in a new thread, and whatever happens
 * there counts as its own outcome.
 */
import { setImmediate as nextIteration } from "node:timers/promises";
import type { EgressSettings } from "../egress/egress-settings.ts";
import type { Failure } from "../domain/errors.ts";
import { DEFAULT_OUTPUT_LIMIT_BYTES } from "../domain/job.ts";
import type { PluginPool, StepHooks, StepTask } from "../ports/plugin-pool.ts";
import type { StepResult } from "../domain/job.ts";
import { ShortLivedMap } from "../system/short-lived-map.ts";
import { createGeneration, type Generation } from "./generation.ts";
import { createGenerations, type Generations } from "./generations.ts";
import type { StepOutcome, ThreadMessage, ThreadTask } from "./messages.ts";
import { watchStep, type StepWatch } from "./step-watch.ts";

const MIB = 1024 * 1024;
/** Much longer than a thread takes to start on a busy machine. */
const START_LIMIT_MS = 10_000;
/** The largest number of a run; the next run is 1 again. */
const MAX_RUN = 2_147_483_647;

/** A plugin's file, or why the plugin cannot be loaded. */
export type PluginLocation =
  | { readonly file: string; readonly timeoutMs: number | null }
  | { readonly error: string };

export interface PluginPoolOptions {
  readonly catalog: {
    /** Resolves when all plugins have been read once. */
    ready(): Promise<void>;
    locate(name: string): PluginLocation | null;
    /** Calls the listener each time that a plugin's file was added, changed or removed. */
    onChange(listener: () => void): () => void;
  };
  /** The engine never runs more steps than this at a time. Further steps would wait in Piscina's queue. */
  readonly threads: number;
  /** The directory of `ctx.files`. */
  readonly filesDir: string;
  /** How `ctx.fetch` connects. Default: directly, to public and private networks. */
  readonly egress?: EgressSettings;
  /** Limit of a thread's JavaScript heap, and a second limit of the same size for its buffers. */
  readonly memoryMb: number;
  /** Time between asking a step to stop and ending its thread. */
  readonly graceMs: number;
  /** Timeout of a plugin that declares no timeoutMs. */
  readonly pluginTimeoutMs: number;
  /** Time that a thread has to start a step before the step moves to another thread. Default 10 s. */
  readonly startLimitMs?: number;
  /** Default 64 MiB. */
  readonly outputLimitBytes?: number;
  /** `process.env` of plugins. Default: empty, because the daemon's own contains its secrets. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The main thread's record of a step in a thread. */
interface Run {
  readonly task: ThreadTask;
  readonly hooks: StepHooks;
  readonly watch: StepWatch;
  readonly memoryMb: number;
  generation: Generation;
  outcome: StepOutcome | null;
  /** What the thread reported before it died. */
  fault: Failure | null;
}

type Runs = ShortLivedMap<number, Run>;

export function createPluginPool(options: PluginPoolOptions): PluginPool {
  const { catalog, threads, memoryMb, graceMs, pluginTimeoutMs } = options;
  const runs: Runs = new ShortLivedMap();
  const generations = startGenerations(options, runs);
  const stopListening = catalog.onChange(() => generations.markStale());
  let lastRun = 0;
  let isClosed = false;

  async function runOnce(step: StepTask, hooks: StepHooks): Promise<StepOutcome> {
    const plugin = catalog.locate(step.plugin);
    if (plugin === null) {
      return failed("PLUGIN_NOT_FOUND", `There is no plugin "${step.plugin}" any more.`);
    }
    if ("error" in plugin) return failed("PLUGIN_BROKEN", plugin.error);
    lastRun = (lastRun % MAX_RUN) + 1;
    const { jobTimeoutMs, ...task } = step;
    const ref = generations.acquire();
    const run: Run = {
      task: { ...task, run: lastRun, file: plugin.file },
      hooks,
      watch: watchStep({
        plugin: step.plugin,
        jobTimeoutMs,
        pluginTimeoutMs: plugin.timeoutMs ?? pluginTimeoutMs,
        graceMs,
        startLimitMs: options.startLimitMs ?? START_LIMIT_MS,
        signal: hooks.signal,
        startedAt: () => run.generation.startOf(run.task.run)?.at ?? null,
        requestStop: (reason) => run.generation.requestStop(run.task.run, reason),
      }),
      memoryMb,
      generation: ref.generation,
      outcome: null,
      fault: null,
    };
    runs.set(run.task.run, run);
    try {
      return (await runInThread(run)) ?? (await runInNewThread(run, generations));
    } finally {
      runs.delete(run.task.run);
      run.watch.end();
      ref.release();
    }
  }

  return {
    size: threads,
    async run(task, hooks): Promise<StepResult> {
      const startedAt = Date.now();
      await catalog.ready();
      const outcome =
        isClosed || hooks.signal.aborted
          ? failed("CANCELLED", notStarted(hooks.signal))
          : await runOnce(task, hooks);
      return { ...outcome, startedAt, endedAt: Date.now() };
    },
    async close() {
      stopListening();
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

function startGenerations(options: PluginPoolOptions, runs: Runs): Generations {
  const { threads, memoryMb, outputLimitBytes = DEFAULT_OUTPUT_LIMIT_BYTES, filesDir } = options;
  const { egress = { policy: { mode: "private" } } } = options;
  return createGenerations(threads, (size) =>
    createGeneration({
      size,
      memoryMb,
      env: options.env,
      settings: { filesDir, outputLimitBytes, egress },
      onMessage: (message) => handleMessage(message, runs),
      onBuffersOver: (run, bytes) => {
        const used = Math.round(bytes / MIB);
        const message = `The plugin's buffers use ${used} MiB: a thread can use at most ${memoryMb} MiB.`;
        runs.get(run)?.watch.kill({ code: "OUT_OF_MEMORY", message });
      },
    }),
  );
}

/** Null when the thread died and the cause may be an earlier step. */
async function runInThread(run: Run): Promise<StepOutcome | null> {
  const { generation, watch, task } = run;
  let death: unknown = null;
  try {
    await generation.run(task, watch.killSignal);
  } catch (error) {
    death = error;
  }
  generation.readMessages();
  if (run.outcome === null) {
    // Channels are not ordered: a new or dying thread's messages arrive by the next event loop iteration.
    await nextIteration();
    generation.readMessages();
  }
  const isFirst = generation.startOf(task.run)?.isFirstOfThread ?? false;
  generation.forget(task.run);
  if (run.outcome !== null) return applyStop(run.outcome, watch.stopped);
  const failure =
    watch.stopped ?? run.fault ?? (isFirst ? deathFailure(death, run.memoryMb) : null);
  return failure === null ? null : { ok: false, failure, metrics: null };
}

async function runInNewThread(run: Run, generations: Generations): Promise<StepOutcome> {
  const ref = generations.acquireSingle();
  run.generation = ref.generation;
  try {
    const outcome = await runInThread(run);
    return outcome ?? failed("PLUGIN_CRASHED", "The plugin's thread could not be started.");
  } finally {
    ref.release();
  }
}

/** A step that timed out fails even when it completes within the grace period. A cancelled step can complete. */
function applyStop(outcome: StepOutcome, stopped: Failure | null): StepOutcome {
  if (stopped === null || (outcome.ok && stopped.code === "CANCELLED")) return outcome;
  return { ok: false, failure: stopped, metrics: outcome.metrics };
}

function handleMessage(message: ThreadMessage, runs: Runs): void {
  const run = message.run === null ? undefined : runs.get(message.run);
  if (run === undefined) return;
  if (message.kind === "fault") {
    run.fault ??= message.failure;
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

/**
 * Runs steps in plugin threads and turns whatever happens to them into a `StepResult`.
 *
 * Whose fault is a dead thread? The step's own if the thread says so (thread/report-faults), or if
 * the step was the first that the thread ran. Otherwise what an earlier step left behind may have
 * done it (a timer that throws, memory never freed): the step runs again, alone in a new thread,
 * and whatever happens there is its own.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { EgressPolicy } from "../egress/policy.ts";
import type { Failure } from "../domain/errors.ts";
import { DEFAULT_OUTPUT_LIMIT_BYTES } from "../domain/job.ts";
import type { PluginPool, StepHooks, StepResult, StepTask } from "../ports/plugin-pool.ts";
import { ShortLivedMap } from "../system/short-lived-map.ts";
import { createGeneration, type Generation } from "./generation.ts";
import { createGenerations, type Generations } from "./generations.ts";
import type { StepOutcome, ThreadMessage, ThreadTask } from "./messages.ts";
import { watchStep, type StepWatch } from "./step-watch.ts";

const MIB = 1024 * 1024;
/** Far beyond what a thread takes to start on a machine that is busy. */
const BEGIN_LIMIT_MS = 10_000;
/** Runs are told apart in an Int32. */
const MAX_RUN = 2_147_483_647;

/** Where a plugin is found, or why it cannot be loaded. */
export type PluginLocation =
  | { readonly file: string; readonly timeoutMs: number | null }
  | { readonly error: string };

export interface PluginPoolOptions {
  readonly catalog: {
    /** Resolves when every plugin has been read once. */
    ready(): Promise<void>;
    locate(name: string): PluginLocation | null;
    /** Calls the listener after a plugin's file was added, changed or removed. */
    onChange(listener: () => void): () => void;
  };
  /** The engine runs at most this many steps at a time. A step beyond them waits in Piscina's queue, where its time counts. */
  readonly threads: number;
  /** The directory of `ctx.files`. */
  readonly filesDir: string;
  /** Where `ctx.fetch` may connect. Default: private networks too. */
  readonly egress?: EgressPolicy;
  /** JavaScript heap per thread; a thread's buffers may take as much again. */
  readonly memoryMb: number;
  /** Between asking a step to stop and ending its thread. */
  readonly graceMs: number;
  /** For a plugin that declares no timeoutMs. */
  readonly pluginTimeoutMs: number;
  /** For a thread to begin a step, before another gets it. Default 10 s. */
  readonly beginLimitMs?: number;
  /** Default 64 MiB. */
  readonly outputLimitBytes?: number;
  /** What plugins see as `process.env`. Default: nothing, for the daemon's own holds its secrets. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A step in a thread, as the main thread keeps it. */
interface Run {
  readonly task: ThreadTask;
  readonly hooks: StepHooks;
  readonly watch: StepWatch;
  readonly memoryMb: number;
  generation: Generation;
  outcome: StepOutcome | null;
  /** What the thread said before it died. */
  fault: Failure | null;
}

type Runs = ShortLivedMap<number, Run>;

export function createPluginPool(options: PluginPoolOptions): PluginPool {
  const { catalog, threads, memoryMb, graceMs, pluginTimeoutMs } = options;
  const runs: Runs = new ShortLivedMap();
  const generations = startCrews(options, runs);
  const stopListening = catalog.onChange(() => generations.markStale());
  let lastRun = 0;
  let isClosed = false;

  async function runOnce(step: StepTask, hooks: StepHooks): Promise<StepOutcome> {
    const plugin = catalog.locate(step.plugin);
    if (plugin === null) {
      return failed("PLUGIN_NOT_FOUND", `No plugin has the name "${step.plugin}" any more.`);
    }
    if ("error" in plugin) return failed("PLUGIN_BROKEN", plugin.error);
    lastRun = (lastRun % MAX_RUN) + 1;
    const { jobTimeoutMs, ...task } = step;
    const lease = generations.join();
    const run: Run = {
      task: { ...task, run: lastRun, file: plugin.file },
      hooks,
      watch: watchStep({
        plugin: step.plugin,
        jobTimeoutMs,
        pluginTimeoutMs: plugin.timeoutMs ?? pluginTimeoutMs,
        graceMs,
        beginLimitMs: options.beginLimitMs ?? BEGIN_LIMIT_MS,
        signal: hooks.signal,
        begunAt: () => run.generation.beginOf(run.task.run)?.at ?? null,
        requestStop: (reason) => run.generation.requestStop(run.task.run, reason),
      }),
      memoryMb,
      generation: lease.generation,
      outcome: null,
      fault: null,
    };
    runs.set(run.task.run, run);
    try {
      return (await attempt(run)) ?? (await attemptAlone(run, generations));
    } finally {
      runs.delete(run.task.run);
      run.watch.end();
      lease.release();
    }
  }

  return {
    size: threads,
    async run(task, hooks): Promise<StepResult> {
      const startedAt = Date.now();
      await catalog.ready();
      const outcome =
        isClosed || hooks.signal.aborted
          ? failed("CANCELLED", notBegun(hooks.signal))
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

const STOPPING: Failure = { code: "CANCELLED", message: "The daemon stopped while the step ran." };

function notBegun(signal: AbortSignal): string {
  return signal.aborted ? "The job was cancelled." : "The daemon stopped before the step began.";
}

function startCrews(options: PluginPoolOptions, runs: Runs): Generations {
  const { threads, memoryMb, outputLimitBytes = DEFAULT_OUTPUT_LIMIT_BYTES, filesDir } = options;
  const { egress = { mode: "private" } } = options;
  return createGenerations(threads, (size) =>
    createGeneration({
      size,
      memoryMb,
      env: options.env,
      settings: { filesDir, outputLimitBytes, egress },
      onMessage: (message) => passOn(message, runs),
      onBuffersOver: (run, bytes) => {
        const held = `${Math.round(bytes / MIB)} MiB of buffers; it may hold ${memoryMb} MiB`;
        const message = `The plugin's thread held ${held}.`;
        runs.get(run)?.watch.kill({ code: "OUT_OF_MEMORY", message });
      },
    }),
  );
}

/** Null when the thread died and it is not certain that this step did it. */
async function attempt(run: Run): Promise<StepOutcome | null> {
  const { generation, watch, task } = run;
  let death: unknown = null;
  try {
    await generation.run(task, watch.killSignal);
  } catch (error) {
    death = error;
  }
  generation.readMessages();
  if (run.outcome === null) {
    // Channels do not wait for each other: what a new or dying thread said is here after this turn.
    await nextTurn();
    generation.readMessages();
  }
  const isFirst = generation.beginOf(task.run)?.isFirstOfThread ?? false;
  generation.forget(task.run);
  if (run.outcome !== null) return judge(run.outcome, watch.stopped);
  const failure = watch.stopped ?? run.fault ?? (isFirst ? deathOf(death, run.memoryMb) : null);
  return failure === null ? null : { ok: false, failure, metrics: null };
}

async function attemptAlone(run: Run, generations: Generations): Promise<StepOutcome> {
  const lease = generations.alone();
  run.generation = lease.generation;
  try {
    const outcome = await attempt(run);
    return outcome ?? failed("PLUGIN_CRASHED", "The plugin's thread could not be started.");
  } finally {
    lease.release();
  }
}

/** A step that was out of time fails even if it ended in the grace; a cancelled one may complete. */
function judge(outcome: StepOutcome, stopped: Failure | null): StepOutcome {
  if (stopped === null || (outcome.ok && stopped.code === "CANCELLED")) return outcome;
  return { ok: false, failure: stopped, metrics: outcome.metrics };
}

function passOn(message: ThreadMessage, runs: Runs): void {
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

/** A thread's last words, as Node gives them to the worker's `error` event. */
function deathOf(error: unknown, memoryMb: number): Failure {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === "ERR_WORKER_OUT_OF_MEMORY") {
    const text = `The plugin used more than the ${memoryMb} MiB of memory that a thread may have.`;
    return { code: "OUT_OF_MEMORY", message: text };
  }
  return { code: "PLUGIN_CRASHED", message: `The plugin's thread died: ${String(message)}` };
}

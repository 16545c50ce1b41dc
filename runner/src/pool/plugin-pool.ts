/**
 * The daemon's side of the plugins: finds a step's plugin in the catalog and has an executor run the
 * step. No plugin code runs in this process.
 */
import type { EgressSettings } from "../egress/egress-settings.ts";
import type { Failure } from "../domain/errors.ts";
import { DEFAULT_FILE_LIMIT_BYTES } from "../domain/file.ts";
import { DEFAULT_OUTPUT_LIMIT_BYTES } from "../domain/limits.ts";
import {
  createSupervisor,
  type ExecutorDrain,
  type ExecutorEnd,
  type Supervisor,
} from "../executor/supervisor.ts";
import type { Clock } from "../ports/clock.ts";
import type { PluginPool, StepHooks, StepInterrupted, StepTask } from "../ports/plugin-pool.ts";
import { systemClock } from "../system/clock.ts";
import type { StepOutcome } from "./messages.ts";

/** Much longer than a thread takes to start on a busy machine. */
const START_LIMIT_MS = 10_000;
const MIB = 1024 * 1024;

/** A plugin's file, or why the plugin cannot be loaded. */
export type PluginLocation =
  | {
      readonly file: string;
      readonly timeoutMs: number | null;
      /** The values of the secrets that the plugin declares, by name. */
      readonly secrets: Readonly<Record<string, string>>;
      /** The names of the environment variables that it declares. */
      readonly env: readonly string[];
    }
  | { readonly error: string };

export interface PluginPoolOptions {
  readonly catalog: {
    /** Resolves when all plugins have been read once. */
    ready(): Promise<void>;
    locate(name: string): PluginLocation | null;
    /** Calls the listener each time that a plugin's file was added, changed or removed. */
    onChange(listener: () => void): () => void;
  };
  /** Times the steps, and the starts of executors. */
  readonly clock: Pick<Clock, "now" | "monotonic" | "sleep">;
  /** The engine never runs more steps than this at a time. Further steps would wait in Piscina's queue. */
  readonly threads: number;
  /** The directory of `ctx.files`. */
  readonly filesDir: string;
  /** The folder of the contents of files. */
  readonly contentsDir: string;
  /** The largest file that a plugin can write, in bytes. Default 100 MiB. */
  readonly fileLimitBytes?: number;
  /** How `ctx.fetch` connects. Default: directly, to public and private networks. */
  readonly egress?: EgressSettings;
  /** Limit of a thread's JavaScript heap, and a second limit of the same size for its buffers. */
  readonly memoryMb: number;
  /** Limit of the resident memory of all executors together. Default: no limit. */
  readonly executorMemoryMb?: number;
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
  /** Whether a plugin gets only the variables that it declares. Default: no. */
  readonly withholdsEnv?: boolean;
  /** Called each time that an executor has ended before the pool was closed. */
  readonly onExecutorEnd?: (end: ExecutorEnd) => void;
  /** Called when an executor gets no further step, because it uses too much memory or a thread does not end. */
  readonly onExecutorDrain?: (drain: ExecutorDrain) => void;
  /** Receives what an executor prints outside the plugins' consoles. */
  readonly onExecutorOutput?: (text: string) => void;
}

export function createPluginPool(options: PluginPoolOptions): PluginPool {
  const { catalog, clock } = options;
  const executor = startExecutor(options);
  const stopListening = catalog.onChange(() => executor.markStale());
  let isClosed = false;

  async function start(step: StepTask, hooks: StepHooks): Promise<StepOutcome | StepInterrupted> {
    await catalog.ready();
    if (isClosed || hooks.signal.aborted) return failed("CANCELLED", notStarted(hooks.signal));
    const plugin = catalog.locate(step.plugin);
    if (plugin === null) {
      return failed("PLUGIN_NOT_FOUND", `There is no plugin "${step.plugin}" any more.`);
    }
    if ("error" in plugin) return failed("PLUGIN_BROKEN", plugin.error);
    const pluginTimeoutMs = plugin.timeoutMs ?? options.pluginTimeoutMs;
    const { file, secrets, env } = plugin;
    return executor.run({ ...step, file, secrets, env, pluginTimeoutMs }, hooks);
  }

  return {
    size: options.threads,
    async run(task, hooks) {
      const startedAt = clock.now();
      const begun = clock.monotonic();
      const outcome = await start(task, onClock(clock, hooks));
      if ("interrupted" in outcome) return outcome;
      return {
        ...outcome,
        startedAt,
        endedAt: clock.now(),
        durationMs: clock.monotonic() - begun,
      };
    },
    memory() {
      const { executorMemoryMb: limitMb } = options;
      const limitBytes = limitMb === undefined ? null : limitMb * MIB;
      return { usedBytes: executor.usedMb() * MIB, limitBytes };
    },
    async close() {
      stopListening();
      isClosed = true;
      await executor.close();
    },
  };
}

function startExecutor(options: PluginPoolOptions): Supervisor {
  const { threads, filesDir, contentsDir, memoryMb, graceMs } = options;
  return createSupervisor({
    settings: {
      threads,
      filesDir,
      contentsDir,
      fileLimitBytes: options.fileLimitBytes ?? DEFAULT_FILE_LIMIT_BYTES,
      memoryMb,
      graceMs,
      egress: options.egress ?? { policy: { mode: "private" } },
      startLimitMs: options.startLimitMs ?? START_LIMIT_MS,
      outputLimitBytes: options.outputLimitBytes ?? DEFAULT_OUTPUT_LIMIT_BYTES,
      env: options.env ?? {},
      withholdsEnv: options.withholdsEnv ?? false,
    },
    memoryMb: options.executorMemoryMb ?? Infinity,
    clock: options.clock,
    onEnd: options.onExecutorEnd ?? (() => undefined),
    onDrain: options.onExecutorDrain ?? (() => undefined),
    onOutput: options.onExecutorOutput ?? (() => undefined),
  });
}

/**
 * Executors have the machine's clock, and the engine's can be another, such as a database's. Two readings
 * of one clock differ by up to a millisecond.
 */
function onClock(clock: Pick<Clock, "now">, hooks: StepHooks): StepHooks {
  const aheadMs = clock.now() - systemClock.now();
  if (Math.abs(aheadMs) <= 1) return hooks;
  return {
    ...hooks,
    onLog: (lines) => hooks.onLog(lines.map((line) => ({ ...line, at: line.at + aheadMs }))),
  };
}

function notStarted(signal: AbortSignal): string {
  return signal.aborted ? "The job was cancelled." : "The daemon stopped before the step started.";
}

function failed(code: Failure["code"], message: string): StepOutcome {
  return { ok: false, failure: { code, message }, metrics: null };
}

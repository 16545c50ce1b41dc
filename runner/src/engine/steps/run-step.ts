import {
  currentPlugin,
  isLastAttempt,
  isPluginUnavailable,
  type RunningJob,
  type StepResult,
} from "../../domain/job.ts";
import { NULL_JSON } from "../../domain/json-text.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  LogLine,
  PluginPool,
  StepHooks,
  StepInterrupted,
  StepTask,
} from "../../ports/plugin-pool.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { JobSignals } from "../jobs/job-signals.ts";

/** The log that the job can still write. Its steps share it. */
export interface LogBudget {
  leftBytes: number;
  leftLines: number;
}

export interface StepDeps {
  readonly store: Pick<Store, "appendLogs">;
  readonly pool: Pick<PluginPool, "run">;
  readonly clock: Pick<Clock, "now">;
  readonly signals: Pick<JobSignals, "announce" | "stepEnded">;
  readonly telemetry: Pick<Telemetry, "stepEnded" | "refused">;
}

interface StepRun {
  readonly signal: AbortSignal;
  readonly logBudget: LogBudget;
  /** A write that nothing waits for has failed. */
  readonly onError: (error: unknown) => void;
}

/** Runs the job's next step in a thread. Stores its log and reports its progress as they arrive. */
export async function runStep(
  job: RunningJob,
  deps: StepDeps,
  run: StepRun,
): Promise<StepResult | StepInterrupted> {
  const task = toTask(job, run.logBudget);
  const result = await deps.pool.run(task, toHooks(job, deps, run));
  deps.signals.stepEnded(job.id);
  if ("interrupted" in result) return result;
  // The plugin did not run: its job waits, or the step runs again.
  if (isPluginUnavailable(result)) return result;
  const durationMs = Math.max(0, result.endedAt - result.startedAt);
  deps.telemetry.stepEnded({ plugin: task.plugin, ok: result.ok, durationMs });
  if (!result.ok && result.failure.code === "OUTPUT_TOO_LARGE") deps.telemetry.refused("output");
  return result;
}

function toTask(job: RunningJob, logBudget: LogBudget): StepTask {
  const step = job.completedSteps.length;
  return {
    jobId: job.id,
    jobName: job.name,
    metadata: job.metadata,
    plugin: currentPlugin(job),
    options: job.plugins[step]?.options ?? NULL_JSON,
    input: job.completedSteps.at(-1)?.output ?? job.input,
    inputFrom: job.plugins[step - 1]?.name ?? null,
    jobInput: job.input,
    jobTimeoutMs: job.timeoutMs === null ? null : leftOf(job.timeoutMs, job),
    logLimitBytes: Math.max(0, logBudget.leftBytes),
    isLastAttempt: isLastAttempt(job),
    logLimitLines: Math.max(0, logBudget.leftLines),
  };
}

/** Only the time that plugins ran counts, not the time that the daemon was down or a retry waited. */
function leftOf(timeoutMs: number, { completedSteps }: RunningJob): number {
  const usedMs = completedSteps.reduce((sum, { metrics }) => sum + metrics.duration, 0);
  return Math.max(1, timeoutMs - usedMs);
}

function toHooks(
  job: RunningJob,
  { store, signals, clock, telemetry }: StepDeps,
  { signal, logBudget, onError }: StepRun,
): StepHooks {
  const step = job.completedSteps.length;
  return {
    signal,
    onLog(lines) {
      logBudget.leftLines -= lines.length;
      for (const line of lines) logBudget.leftBytes -= bytesOf(line);
      const entries = lines.map((line) => ({ ...line, step }));
      void store.appendLogs(job.id, entries).catch(onError);
    },
    onLogDropped: (count) => telemetry.refused("log", count),
    onProgress(progress) {
      signals.announce(job.id, {
        kind: "step-progress",
        progress: { ...progress, at: clock.now() },
      });
    },
  };
}

/** Counts bytes as the plugin's thread does. */
function bytesOf({ message, data }: LogLine): number {
  return Buffer.byteLength(message) + Buffer.byteLength(data ?? "");
}

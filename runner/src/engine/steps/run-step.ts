import type { RunningJob } from "../../domain/job.ts";
import { NULL_JSON } from "../../domain/json-text.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  LogLine,
  PluginPool,
  StepHooks,
  StepResult,
  StepTask,
} from "../../ports/plugin-pool.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { JobSignals } from "../jobs/job-signals.ts";

/** What is left of the log that a job may keep, over all of its steps. */
export interface JobLog {
  leftBytes: number;
}

export interface StepDeps {
  readonly store: Pick<Store, "appendLogs">;
  readonly pool: Pick<PluginPool, "run">;
  readonly clock: Pick<Clock, "now">;
  readonly signals: Pick<JobSignals, "tell" | "stepEnded">;
  readonly telemetry: Pick<Telemetry, "stepEnded" | "refused">;
}

/** Runs the job's next step in a thread; its logs are stored and its progress told on the way. */
export async function runStep(
  job: RunningJob,
  deps: StepDeps,
  run: { signal: AbortSignal; log: JobLog; onLost: (error: unknown) => void },
): Promise<StepResult> {
  const task = toTask(job, run.log);
  const result = await deps.pool.run(task, toHooks(job, deps, run));
  deps.signals.stepEnded(job.id);
  const durationMs = Math.max(0, result.endedAt - result.startedAt);
  deps.telemetry.stepEnded({ plugin: task.plugin, ok: result.ok, durationMs });
  if (!result.ok && result.failure.code === "OUTPUT_TOO_LARGE") deps.telemetry.refused("output");
  return result;
}

function toTask(job: RunningJob, log: JobLog): StepTask {
  const step = job.completedSteps.length;
  const plugin = job.plugins[step];
  return {
    jobId: job.id,
    jobName: job.name,
    metadata: job.metadata,
    plugin: plugin?.name ?? "",
    options: plugin?.options ?? NULL_JSON,
    input: job.completedSteps.at(-1)?.output ?? job.input,
    inputFrom: job.plugins[step - 1]?.name ?? null,
    jobInput: job.input,
    jobTimeoutMs: job.timeoutMs === null ? null : leftOf(job.timeoutMs, job),
    logLimitBytes: Math.max(0, log.leftBytes),
  };
}

/** By what the plugins took: a daemon that was down, or a retry tomorrow, uses none of it up. */
function leftOf(timeoutMs: number, { completedSteps }: RunningJob): number {
  const usedMs = completedSteps.reduce((sum, { metrics }) => sum + metrics.duration, 0);
  return Math.max(1, timeoutMs - usedMs);
}

function toHooks(
  job: RunningJob,
  { store, signals, clock, telemetry }: StepDeps,
  { signal, log, onLost }: { signal: AbortSignal; log: JobLog; onLost: (error: unknown) => void },
): StepHooks {
  const step = job.completedSteps.length;
  return {
    signal,
    onLog(lines) {
      for (const line of lines) log.leftBytes -= bytesOf(line);
      const entries = lines.map((line) => ({ ...line, step }));
      void store.appendLogs(job.id, entries).catch(onLost);
    },
    onLogDropped: (count) => telemetry.refused("log", count),
    onProgress(progress) {
      signals.tell(job.id, {
        kind: "step-progress",
        progress: { ...progress, at: clock.now() },
      });
    },
  };
}

/** As the thread counts them. */
function bytesOf({ message, data }: LogLine): number {
  return Buffer.byteLength(message) + Buffer.byteLength(data ?? "");
}

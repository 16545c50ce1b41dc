import {
  attemptsOf,
  currentPlugin,
  isLastAttempt,
  isPluginUnavailable,
  timeLeftMs,
  type RunningJob,
} from "../../domain/job.ts";
import type { Failure } from "../../domain/errors.ts";
import type { StepResult } from "../../domain/transition.ts";
import { toLimitKey } from "../../domain/plugin-limits.ts";
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
import type { Messages } from "../bus/messages.ts";
import type { JobFiles, StepFiles } from "../files/job-files.ts";
import type { JobTraces } from "../tracing/job-traces.ts";
import type { Beats } from "../upkeep/beat-loop.ts";
import type { StoreRetry } from "../upkeep/store-retry.ts";
import type { JobSignals } from "../jobs/job-signals.ts";

/** The log that the job can still write. Its steps share it. */
export interface LogBudget {
  leftBytes: number;
  leftLines: number;
}

export interface StepDeps {
  readonly store: Pick<Store, "appendLogs" | "pauseLimit">;
  /** A digest of a text. */
  readonly digest: (text: string) => string;
  readonly messages: Pick<Messages, "publish">;
  readonly pool: Pick<PluginPool, "run">;
  readonly clock: Pick<Clock, "now">;
  readonly signals: Pick<JobSignals, "announce" | "stepEnded">;
  readonly telemetry: Pick<Telemetry, "stepEnded" | "refused">;
  readonly beats: Pick<Beats, "heardForMs">;
  readonly traces: Pick<JobTraces, "step">;
  readonly retryWrite: StoreRetry;
}

interface StepRun {
  readonly signal: AbortSignal;
  readonly logBudget: LogBudget;
  readonly files: Pick<JobFiles, "forStep" | "bring" | "stepEnded">;
  /** A write that nothing waits for has failed. */
  readonly onError: (error: unknown) => void;
}

/** Runs the job's next step in a thread. Stores its log and reports its progress as they arrive. */
export async function runStep(
  job: RunningJob,
  deps: StepDeps,
  run: StepRun,
): Promise<StepResult | StepInterrupted> {
  const forStep = run.files.forStep();
  const given = forStep instanceof Promise ? await forStep : forStep;
  const failure = run.files.bring && (await run.files.bring(run.signal));
  const span = deps.traces.step(job);
  const task = toTask(job, run.logBudget, {
    ...given,
    ...(span.trace !== null && { trace: span.trace }),
  });
  const ended =
    failure === null
      ? await deps.pool.run(task, toHooks(job, deps, run))
      : withoutRun(failure, deps.clock.now());
  span.end(ended);
  deps.signals.stepEnded(job.id);
  if ("interrupted" in ended) return ended;
  const checked = run.files.stepEnded(ended, run.signal);
  const result = checked instanceof Promise ? await checked : checked;
  // The plugin did not run: its job waits, or the step runs again.
  if (isPluginUnavailable(result)) return result;
  const { ok, durationMs } = result;
  deps.telemetry.stepEnded({ plugin: task.plugin, ok, durationMs });
  if (!result.ok && result.failure.code === "OUTPUT_TOO_LARGE") deps.telemetry.refused("output");
  return result;
}

function withoutRun(failure: Failure, now: number): StepResult {
  return { ok: false, failure, startedAt: now, endedAt: now, durationMs: 0, metrics: null };
}

function toTask(
  job: RunningJob,
  logBudget: LogBudget,
  parts: StepFiles & Pick<StepTask, "trace">,
): StepTask {
  const step = job.completedSteps.length;
  const leftMs = timeLeftMs(job);
  return {
    jobId: job.id,
    jobName: job.name,
    metadata: job.metadata,
    schedule: job.schedule ?? null,
    plugin: currentPlugin(job),
    options: job.plugins[step]?.options ?? NULL_JSON,
    input: job.completedSteps.at(-1)?.output ?? job.input,
    inputFrom: job.plugins[step - 1]?.name ?? null,
    jobInput: job.input,
    jobTimeoutMs: leftMs === null ? null : Math.max(1, leftMs),
    logLimitBytes: Math.max(0, logBudget.leftBytes),
    attempt: attemptsOf(job) + 1,
    isLastAttempt: isLastAttempt(job),
    logLimitLines: Math.max(0, logBudget.leftLines),
    ...parts,
  };
}

function toHooks(
  job: RunningJob,
  { store, signals, clock, telemetry, beats, digest, messages, retryWrite }: StepDeps,
  { signal, logBudget, onError }: StepRun,
): StepHooks {
  const step = job.completedSteps.length;
  return {
    signal,
    // Another daemon runs the step if this one is no longer heard.
    startWithinMs: beats.heardForMs,
    onLog(lines) {
      logBudget.leftLines -= lines.length;
      for (const line of lines) logBudget.leftBytes -= bytesOf(line);
      const entries = lines.map((line) => ({ ...line, step }));
      const stored = store.appendLogs(job.id, entries);
      stored.then(() => signals.announce(job.id, { kind: "logged" })).catch(onError);
    },
    onLogDropped: (count) => telemetry.refused("log", count),
    onLimitPause({ forMs, key }) {
      const limit = job.limits?.[step] ?? null;
      if (limit === null) return;
      const now = clock.now();
      // Before the step's result, so that no other job gets the slot first.
      const pause = {
        name: limit.name,
        key: key === undefined ? limit.key : key === null ? null : toLimitKey(key, digest),
        until: now + forMs,
        isSpan: true,
        keepsLonger: true,
        by: currentPlugin(job),
        now,
      };
      retryWrite("pauseLimit", () => store.pauseLimit(pause))
        .then(() => messages.publish({ kind: "jobs" }))
        .catch(onError);
    },
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

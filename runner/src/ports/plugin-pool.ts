import type { TraceContext } from "../domain/trace-context.ts";
import type { FileInfo } from "../domain/file.ts";
import type { JobSchedule } from "../domain/schedule.ts";
import type { StepResult } from "../domain/transition.ts";
import type { JsonText } from "../domain/json-text.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogLine {
  readonly at: number;
  readonly level: LogLevel;
  readonly message: string;
  /** The JSON object that the plugin logged with the message, or null. */
  readonly data: JsonText | null;
}

/** One plugin's run within a job, as the thread receives it. */
export interface StepTask {
  readonly jobId: string;
  readonly jobName: string | null;
  readonly metadata: JsonText;
  /** Null if no schedule made the job. */
  readonly schedule: JobSchedule | null;
  readonly plugin: string;
  readonly options: JsonText;
  /** The job's input for the first plugin; the previous plugin's output for the others. */
  readonly input: JsonText;
  /** The plugin whose output is the input; null when the input is the job's own. */
  readonly inputFrom: string | null;
  readonly jobInput: JsonText;
  /** What is left of the job's timeout, in ms. The plugin's own timeout applies as well. */
  readonly jobTimeoutMs: number | null;
  /** What is left of the job's log limit, in bytes. */
  readonly logLimitBytes: number;
  /** The number of this attempt of the step, counted from 1: see `ctx.attempt` of plugins. */
  readonly attempt: number;
  /** Whether the step is not run again if its process ends. It then has a process to itself. */
  readonly isLastAttempt: boolean;
  /** What is left of the lines that a job can log. */
  readonly logLimitLines: number;
  /** What the plugin's requests go on with. Left out if there is no trace. */
  readonly trace?: TraceContext;
  /** The job's files that the plugin can open. Left out if there are none. */
  readonly files?: readonly FileInfo[];
  /** The bytes of files that the plugin can write. */
  readonly filesLimitBytes: number;
}

/** A plugin pauses the limit of its step. */
export interface StepLimitPause {
  readonly forMs: number;
  /** Null: the whole limit. Left out: the key of the job. */
  readonly key?: string | null;
}

export interface StepHooks {
  /**
   * Aborting asks the plugin to stop (`ctx.signal`) and, after the grace period, ends its thread.
   * The step then fails with `CANCELLED`, unless it completes within the grace period.
   */
  readonly signal: AbortSignal;
  /** Receives log lines in the order in which they were written. One call can contain many lines. */
  onLog(lines: readonly LogLine[]): void;
  /** Reports how many lines were dropped because the step exceeded the log limit. */
  onLogDropped?(count: number): void;
  /** Called at most ten times a second. `fraction` is in [0, 1], or null when it is unknown. */
  onProgress(progress: { fraction: number | null; message: string | null }): void;
  onLimitPause?(pause: StepLimitPause): void;
  /**
   * Read when the step goes to its process: the time from then in which the plugin must begin, in ms. Later it
   * is not run. Null or left out: it can begin at any time.
   */
  startWithinMs?(): number | null;
}

/** The process that ran the step has ended. The step has no outcome, and may run again. */
export interface StepInterrupted {
  /** How the process ended, as a sentence for the log. */
  readonly interrupted: string;
  /** Set if the plugin did not begin, because it was too late for that. */
  readonly isTooLate?: true;
}

export interface PluginPool {
  /** How many steps can run at the same time. */
  readonly size: number;
  /** Runs one step in a thread. Never rejects: a failure is a `StepResult` with `ok: false`. */
  run(task: StepTask, hooks: StepHooks): Promise<StepResult | StepInterrupted>;
  /** The resident memory of the processes that run plugins, as last reported, and its limit. */
  memory(): { readonly usedBytes: number; readonly limitBytes: number | null };
  close(): Promise<void>;
}

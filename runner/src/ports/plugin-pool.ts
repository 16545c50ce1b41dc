import type { StepResult } from "../domain/job.ts";
import type { JsonText } from "../domain/json-text.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogLine {
  readonly at: number;
  readonly level: LogLevel;
  readonly message: string;
  /** A JSON object given beside the message, or null. */
  readonly data: JsonText | null;
}

/** One plugin's run within a job, as the thread gets it. */
export interface StepTask {
  readonly jobId: string;
  readonly jobName: string | null;
  readonly metadata: JsonText;
  readonly plugin: string;
  readonly options: JsonText;
  /** The job's input for the first plugin, else the output of the one before. */
  readonly input: JsonText;
  /** The plugin whose output the input is; null when it is the job's own. */
  readonly inputFrom: string | null;
  readonly jobInput: JsonText;
  /** What is left of the job's own time, in ms; the plugin's own timeout counts beside it. */
  readonly jobTimeoutMs: number | null;
  /** What is left of the log that its job may keep, in bytes. */
  readonly logLimitBytes: number;
}

export interface StepHooks {
  /**
   * Aborting asks the plugin to stop (`ctx.signal`) and, after the grace period, ends its thread.
   * The step then fails with `CANCELLED`, unless it still completed within the grace period.
   */
  readonly signal: AbortSignal;
  /** Lines in the order written; a call may hold many. */
  onLog(lines: readonly LogLine[]): void;
  /** Lines that the step logged over the limit; none of them came. */
  onLogDropped?(count: number): void;
  /** At most ten a second. `fraction` is in [0, 1], or null when the plugin cannot tell. */
  onProgress(progress: { fraction: number | null; message: string | null }): void;
}

export interface PluginPool {
  /** How many steps can run at once. */
  readonly size: number;
  /** Runs one step in a thread of its own; never rejects: what goes wrong is a `StepResult`. */
  run(task: StepTask, hooks: StepHooks): Promise<StepResult>;
  close(): Promise<void>;
}

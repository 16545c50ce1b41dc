import type { LogLine } from "../plugin-pool.ts";

export interface NewLogEntry extends LogLine {
  /** The index of the step that logged the line. */
  readonly step: number;
}

export interface LogEntry extends NewLogEntry {
  /** Increases within the job, possibly with gaps. It is the cursor of the job's log. */
  readonly number: number;
}

export interface LogWrites {
  /** Appends lines to a job's log, in their order. Does nothing if the job does not exist. */
  appendLogs(jobId: string, entries: readonly NewLogEntry[]): Promise<void>;
}

export interface LogReads {
  /** Returns up to `limit` lines whose number is greater than `after`, in ascending order. */
  logs(jobId: string, request: { after: number; limit: number }): Promise<readonly LogEntry[]>;
}

import type { LogLine } from "../plugin-pool.ts";

export interface NewLogEntry extends LogLine {
  readonly step: number;
}

export interface LogEntry extends NewLogEntry {
  /** Grows within the job; the cursor of the log. */
  readonly number: number;
}

export interface LogWrites {
  appendLogs(jobId: string, entries: readonly NewLogEntry[]): Promise<void>;
}

export interface LogReads {
  logs(jobId: string, request: { after: number; limit: number }): Promise<readonly LogEntry[]>;
}

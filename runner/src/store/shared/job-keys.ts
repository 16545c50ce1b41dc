import { hasKey, type DebounceMode, type JobKey, type KeySpan } from "../../domain/job-key.ts";
import type { JobStatus } from "../../domain/job-spec.ts";

/** The columns of a job's key, beside others. All are null if it has none. */
export interface KeyColumns {
  readonly key_kind: JobKey["kind"] | null;
  readonly key: string | null;
  readonly key_span: KeySpan | null;
  readonly key_until: number | null;
  readonly mode: DebounceMode | null;
  readonly collect: string | null;
  readonly merged: number | null;
}

export const KEY_COLUMNS = `job_keys.kind AS key_kind, job_keys.key, job_keys.span AS key_span,
  job_keys.until_at AS key_until, mode, collect, merged`;

export function toJobKey(row: KeyColumns): JobKey | null {
  const { key_kind: kind, key, key_span: span, key_until: until } = row;
  if (kind === null || key === null || span === null) return null;
  const { mode, collect, merged } = row;
  const window = mode === null ? {} : { window: { mode, collect, merged: merged ?? 0 } };
  return { kind, key, span, until, ...window };
}

/** The job that was the last to get a key, and what decides whether it still has it. */
export interface HolderRow {
  readonly seq: number;
  readonly id: string;
  readonly status: JobStatus;
  readonly sequence: number;
  readonly step_attempts: number;
  readonly ended_at: number | null;
  readonly span: KeySpan;
  readonly until_at: number | null;
}

/** Selects `HolderRow`s. Append the condition. */
export const SELECT_HOLDER = `
  SELECT seq, id, status, sequence, step_attempts, ended_at, span, until_at
  FROM job_keys JOIN jobs ON jobs.seq = job_keys.job`;

export function isHolder(row: HolderRow, now: number): boolean {
  const { status, sequence, step_attempts: stepAttempts, ended_at: endedAt } = row;
  return hasKey(
    { span: row.span, until: row.until_at },
    { status, sequence, stepAttempts, endedAt },
    now,
  );
}

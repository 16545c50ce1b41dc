import { MAX_ATTEMPTS_SHOWN } from "../../domain/limits.ts";
import type { StepMetrics } from "../../domain/job-spec.ts";
import type { StoredJob, StoredStep } from "../../ports/store/jobs.ts";
import { KEY_COLUMNS, toJobKey, type KeyColumns } from "./job-keys.ts";
import type { OutputColumns, ReadOutput } from "./outputs.ts";
import {
  jobsAhead,
  LAST_ATTEMPT,
  LIMIT_USE,
  toAttempt,
  toFailure,
  toSpec,
  toWaitingFor,
  type AttemptColumns,
  type FailureColumns,
  type LimitColumns,
  type RetryColumns,
  type SpecColumns,
  type WaitingColumns,
} from "./rows.ts";

export interface JobRow
  extends SpecColumns, FailureColumns, WaitingColumns, RetryColumns, LimitColumns, KeyColumns {
  readonly seq: number;
  readonly run_at: number;
  readonly fence: number;
  readonly lease_owner: string | null;
  readonly sequence: number;
  readonly step_attempts: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly payloads_removed_at: number | null;
}

/** Selects `JobRow`s. Append the conditions. `due` is a condition, as the store's indexes have it. */
export const selectJob = (due: "due" | "due = 1"): string => `
  SELECT seq, id, name, priority, run_at, created_at, timeout_ms, retry, schedule, limits, trace_context,
    plugins, metadata, input, status,
    due, fence, lease_owner, sequence, step_attempts, failed_attempts, started_at, ended_at,
    failure_code, failure_message, payloads_removed_at, waiting_kind, waiting_on, waiting_since, ${LAST_ATTEMPT},
    ${LIMIT_USE}, ${jobsAhead(due)}, ${KEY_COLUMNS}
  FROM jobs JOIN job_specs ON job_specs.job = jobs.seq LEFT JOIN job_keys ON job_keys.job = jobs.seq`;

export interface StepRow extends FailureColumns, OutputColumns {
  readonly position: number;
  readonly plugin: string;
  readonly status: "completed" | "failed";
  readonly started_at: number;
  readonly ended_at: number;
  readonly metrics: string | null;
}

/** Selects `StepRow`s. Append the conditions. */
export const SELECT_STEPS = `
  SELECT id AS step, position, plugin, status, started_at, ended_at, failure_code, failure_message,
    metrics, octet_length(output) AS output_bytes
  FROM steps`;

/** Selects the newest `AttemptColumns` of the job with the key that the parameter has, newest first. */
export const selectAttempts = (job: "?" | "$1"): string => `
  SELECT position, number, is_past, started_at, ended_at, failure_code, failure_message
  FROM step_attempts WHERE job = ${job} ORDER BY id DESC LIMIT ${MAX_ATTEMPTS_SHOWN}`;

export function toStoredJob(
  row: JobRow,
  {
    newestAttempts,
    ...parts
  }: Pick<StoredJob, "steps" | "webhook" | "tags"> & {
    readonly newestAttempts: readonly AttemptColumns[];
  },
): StoredJob {
  const key = toJobKey(row);
  return {
    spec: toSpec(row),
    status: row.status,
    fence: row.fence,
    owner: row.lease_owner,
    sequence: row.sequence,
    stepAttempts: row.step_attempts,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    payloadsRemovedAt: row.payloads_removed_at,
    failure: toFailure(row),
    waitingFor: toWaitingFor(row),
    failedAttempts: row.failed_attempts,
    attempts: newestAttempts.map(toAttempt).toReversed(),
    ...parts,
    ...(key !== null && { key }),
  };
}

export function toStoredStep(row: StepRow, readOutput: ReadOutput): StoredStep {
  return {
    index: row.position,
    plugin: row.plugin,
    status: row.status,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    metrics: row.metrics === null ? null : (JSON.parse(row.metrics) as StepMetrics),
    ...readOutput(row),
    failure: toFailure(row),
  };
}

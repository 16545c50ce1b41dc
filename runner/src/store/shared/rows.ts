/** Converts between rows and domain types: JSON columns, pairs of columns, and public ids. */
import type { Failure, FailureCode } from "../../domain/errors.ts";
import type { EventKind } from "../../domain/event.ts";
import type { RunningJob } from "../../domain/job.ts";
import type { WaitingFor, WaitingForLimit, WaitingForPlugin } from "../../domain/waiting-for.ts";
import type { JobSchedule } from "../../domain/schedule.ts";
import type { CompletedStep, JobStatus, PluginCall, StepMetrics } from "../../domain/job-spec.ts";
import type { JsonText } from "../../domain/json-text.ts";
import type { StepLimit } from "../../domain/plugin-limits.ts";
import type { RetryPolicy } from "../../domain/step-retry.ts";
import type { StoredAttempt } from "../../ports/store/jobs.ts";

export interface FailureColumns {
  readonly failure_code: FailureCode | null;
  readonly failure_message: string | null;
}

export function toFailure(row: FailureColumns): Failure | null {
  return row.failure_code === null
    ? null
    : { code: row.failure_code, message: row.failure_message ?? "" };
}

export interface WaitingColumns {
  readonly waiting_kind: WaitingForPlugin["kind"] | null;
  readonly waiting_on: string | null;
  readonly waiting_since: number | null;
}

export function toWaitingForPlugin(row: WaitingColumns): WaitingForPlugin | null {
  const { waiting_kind: kind, waiting_on: on, waiting_since: since } = row;
  return kind === null || on === null || since === null ? null : { kind, on, since };
}

/** The columns of a job and of the last failed attempt of its next step. */
export interface RetryColumns {
  readonly status: JobStatus;
  /** 0 until the job's `run_at` has come. */
  readonly due: number | boolean;
  readonly run_at: number;
  readonly failed_attempts: number;
  readonly attempt_ended_at: number | null;
  readonly attempt_failure_message: string | null;
}

/** `RetryColumns` beside the columns of `jobs`. */
export const LAST_ATTEMPT = `
  CASE WHEN failed_attempts > 0 THEN (
    SELECT ended_at FROM step_attempts WHERE job = jobs.seq ORDER BY id DESC LIMIT 1
  ) END AS attempt_ended_at,
  CASE WHEN failed_attempts > 0 THEN (
    SELECT failure_message FROM step_attempts WHERE job = jobs.seq ORDER BY id DESC LIMIT 1
  ) END AS attempt_failure_message`;

/** The columns of the limit of a job's next step. */
export interface LimitColumns {
  readonly limit_name: string | null;
  readonly limit_key: string | null;
  readonly blocked_since: number | null;
  readonly limit_slots: number | null;
  readonly limit_used: number | null;
  readonly key_slots: number | null;
  readonly key_used: number | null;
}

const USED = `SELECT count(*) FROM jobs AS other
    WHERE other.limit_name IS NOT NULL AND other.blocked_since IS NULL AND other.ended_at IS NULL
      AND other.limit_name = jobs.limit_name`;

/** `LimitColumns` beside the columns of `jobs`. Slots are counted only for a job that waits for one. */
export const LIMIT_USE = `limit_name, limit_key, blocked_since,
  CASE WHEN blocked_since IS NOT NULL THEN (
    SELECT concurrency FROM limits WHERE limits.name = limit_name
  ) END AS limit_slots,
  CASE WHEN blocked_since IS NOT NULL THEN (
    SELECT key_concurrency FROM limits WHERE limits.name = limit_name
  ) END AS key_slots,
  CASE WHEN blocked_since IS NOT NULL THEN (${USED}) END AS limit_used,
  CASE WHEN blocked_since IS NOT NULL THEN (
    ${USED} AND other.limit_key = jobs.limit_key
  ) END AS key_used`;

/** Null also if a slot is free, which the next claim gives: then the job waits for a thread. */
function toWaitingForLimit(row: LimitColumns & RetryColumns): WaitingForLimit | null {
  const { limit_name: on, limit_key: key, blocked_since: since } = row;
  if (row.status !== "queued" || !row.due || on === null || key === null || since === null) {
    return null;
  }
  const isOfKey =
    row.key_slots !== null && (row.limit_slots === null || (row.key_used ?? 0) >= row.key_slots);
  const used = (isOfKey ? row.key_used : row.limit_used) ?? 0;
  const slots = (isOfKey ? row.key_slots : row.limit_slots) ?? 0;
  if (used < slots) return null;
  return { kind: "limit", on, key, since: Math.max(since, row.run_at), used, slots, isOfKey };
}

export function toWaitingFor(row: WaitingColumns & RetryColumns & LimitColumns): WaitingFor | null {
  const { attempt_ended_at: since, failed_attempts: failedAttempts } = row;
  if (row.status !== "queued" || row.due || failedAttempts === 0 || since === null) {
    return toWaitingForPlugin(row) ?? toWaitingForLimit(row);
  }
  const message = row.attempt_failure_message ?? "";
  return { kind: "retry", at: row.run_at, failedAttempts, message, since };
}

export function toKinds(kinds: string | null): readonly EventKind[] | null {
  return kinds === null ? null : (JSON.parse(kinds) as EventKind[]);
}

export function toKindsText(kinds: readonly EventKind[] | null): string | null {
  return kinds === null ? null : JSON.stringify(kinds);
}

export interface SpecColumns {
  readonly id: string;
  readonly name: string | null;
  readonly priority: number;
  readonly run_at: number;
  readonly created_at: number;
  readonly timeout_ms: number | null;
  readonly retry: string | null;
  readonly schedule: string | null;
  readonly limits: string | null;
  readonly plugins: string;
  readonly metadata: JsonText;
  readonly input: JsonText;
}

export function toSpec(row: SpecColumns) {
  return {
    id: row.id,
    name: row.name,
    metadata: row.metadata,
    plugins: JSON.parse(row.plugins) as PluginCall[],
    input: row.input,
    priority: row.priority,
    runAt: row.run_at,
    timeoutMs: row.timeout_ms,
    ...(row.retry !== null && { retry: JSON.parse(row.retry) as RetryPolicy }),
    ...(row.schedule !== null && { schedule: JSON.parse(row.schedule) as JobSchedule }),
    ...(row.limits !== null && { limits: JSON.parse(row.limits) as (StepLimit | null)[] }),
    createdAt: row.created_at,
  };
}

/** The attempts of the job's next step that failed, if any did. */
export function toFailedAttempts(row: {
  readonly failed_attempts: number;
  readonly failed_ms: number;
}): Pick<RunningJob, "failedAttempts"> {
  const { failed_attempts: count, failed_ms: durationMs } = row;
  return count === 0 ? {} : { failedAttempts: { count, durationMs } };
}

export interface AttemptColumns {
  readonly position: number;
  readonly number: number;
  readonly is_past: number | boolean;
  readonly started_at: number;
  readonly ended_at: number;
  readonly failure_code: FailureCode;
  readonly failure_message: string;
}

export function toAttempt(row: AttemptColumns): StoredAttempt {
  return {
    step: row.position,
    number: row.number,
    isPast: Boolean(row.is_past),
    startedAt: row.started_at,
    endedAt: row.ended_at,
    failure: { code: row.failure_code, message: row.failure_message },
  };
}

export interface StepColumns {
  readonly plugin: string;
  readonly metrics: string;
  readonly output: JsonText;
}

export function toCompletedStep(row: StepColumns): CompletedStep {
  return {
    plugin: row.plugin,
    metrics: JSON.parse(row.metrics) as StepMetrics,
    output: row.output,
  };
}

const DESTINATION_ID = /^dst_([1-9]\d{0,14})$/;

export function toDestinationId(key: number): string {
  return `dst_${key}`;
}

/** Returns the row's key, or null if the text is not the id of a destination. */
export function parseDestinationId(id: string): number | null {
  const digits = DESTINATION_ID.exec(id)?.[1];
  return digits === undefined ? null : Number(digits);
}

const DELIVERY_ID = /^dlv_([1-9]\d{0,14})$/;

export function toDeliveryId(key: number): string {
  return `dlv_${key}`;
}

/** Returns the row's key, or null if the text is not the id of a delivery. */
export function parseDeliveryId(id: string): number | null {
  const digits = DELIVERY_ID.exec(id)?.[1];
  return digits === undefined ? null : Number(digits);
}

const ERROR_GROUP_ID = /^err_([1-9]\d{0,14})$/;

export function toErrorGroupId(key: number): string {
  return `err_${key}`;
}

/** Returns the row's key, or null if the text is not the id of an error group. */
export function parseErrorGroupId(id: string): number | null {
  const digits = ERROR_GROUP_ID.exec(id)?.[1];
  return digits === undefined ? null : Number(digits);
}

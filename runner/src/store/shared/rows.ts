/** Converts between rows and domain types: JSON columns, pairs of columns, and public ids. */
import type { Failure, FailureCode } from "../../domain/errors.ts";
import type { EventKind } from "../../domain/event.ts";
import type { RunningJob } from "../../domain/job.ts";
import {
  MAX_AHEAD,
  type WaitingFor,
  type WaitingForLimit,
  type WaitingForPlugin,
} from "../../domain/waiting-for.ts";
import type { Rate } from "../../domain/limit-rate.ts";
import type { JobSchedule } from "../../domain/schedule.ts";
import type { CompletedStep, JobStatus, PluginCall, StepMetrics } from "../../domain/job-spec.ts";
import type { JsonText } from "../../domain/json-text.ts";
import type { StepLimit } from "../../domain/plugin-limits.ts";
import type { RetryPolicy } from "../../domain/step-retry.ts";
import { fromTraceText, type TraceContext } from "../../domain/trace-context.ts";
import type { JobState, StoredAttempt } from "../../ports/store/jobs.ts";

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
  readonly limit_rate: string | null;
  readonly key_rate: string | null;
  readonly limit_wake_at: number | null;
  readonly limit_paused_at: number | null;
  readonly limit_paused_until: number | null;
  readonly key_wake_at: number | null;
  readonly key_paused_at: number | null;
  readonly key_paused_until: number | null;
  /** Only of one job: those before it. */
  readonly ahead?: number | null;
}

const USED = `SELECT count(*) FROM jobs AS other
    WHERE other.limit_name IS NOT NULL AND other.blocked_since IS NULL AND other.ended_at IS NULL
      AND other.limit_name = jobs.limit_name`;

const ofBlocked = (sql: string): string => `CASE WHEN blocked_since IS NOT NULL THEN (${sql}) END`;

/** A column of the limit's state, or of the state of the job's key. */
function stateOf(isKey: 0 | 1): string {
  const key = isKey === 0 ? "''" : "jobs.limit_key";
  const of = `FROM limit_states WHERE limit_states.limit_name = jobs.limit_name
    AND is_key = ${isKey} AND limit_states.limit_key = ${key}`;
  const name = isKey === 0 ? "limit" : "key";
  return ["wake_at", "paused_at", "paused_until"]
    .map((column) => `${ofBlocked(`SELECT ${column} ${of}`)} AS ${name}_${column}`)
    .join(", ");
}

/** The jobs that wait before a job, with the same key. `due` is the condition of the index. */
export function jobsAhead(due: string): string {
  const waiting = `SELECT 1 FROM jobs AS other
    WHERE other.status = 'queued' AND other.${due} AND other.waiting_since IS NULL
      AND other.blocked_since IS NOT NULL AND other.limit_name = jobs.limit_name
      AND other.limit_key = jobs.limit_key`;
  // With OR, all jobs of the key are read.
  return `${ofBlocked(`SELECT count(*) FROM (
    ${waiting} AND other.priority > jobs.priority
    UNION ALL ${waiting} AND other.priority = jobs.priority AND other.seq < jobs.seq
    LIMIT ${MAX_AHEAD}
  ) AS before_it`)} AS ahead`;
}

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
  ) END AS key_used,
  ${ofBlocked("SELECT rate FROM limits WHERE limits.name = limit_name")} AS limit_rate,
  ${ofBlocked("SELECT key_rate FROM limits WHERE limits.name = limit_name")} AS key_rate,
  ${stateOf(0)}, ${stateOf(1)}`;

/** Null also if a slot is free, which the next claim gives: then the job waits for a thread. */
function toWaitingForLimit(row: LimitColumns & RetryColumns): WaitingForLimit | null {
  const { limit_name: on, limit_key: key, blocked_since: since } = row;
  if (row.status !== "queued" || !row.due || on === null || key === null || since === null) {
    return null;
  }
  const hold = toHold(row);
  const isOfKey =
    hold?.isOfKey ??
    (row.key_slots !== null && (row.limit_slots === null || (row.key_used ?? 0) >= row.key_slots));
  const used = (isOfKey ? row.key_used : row.limit_used) ?? 0;
  const slots = isOfKey ? row.key_slots : row.limit_slots;
  if (hold === null && (slots === null || used < slots)) return null;
  const { ahead } = row;
  return {
    kind: "limit",
    on,
    key,
    since: Math.max(since, row.run_at),
    used,
    slots: slots ?? 0,
    ...hold,
    isOfKey,
    ...(ahead !== undefined && ahead !== null && { ahead }),
  };
}

type LimitHold = Pick<WaitingForLimit, "isOfKey" | "pausedUntil" | "next">;

/** A pause of the limit, or of the key, or a rate that is used up. */
function toHold(row: LimitColumns): LimitHold | null {
  if (row.limit_paused_at !== null) return { isOfKey: false, pausedUntil: row.limit_paused_until };
  if (row.key_paused_at !== null) return { isOfKey: true, pausedUntil: row.key_paused_until };
  return (
    toNext(row.limit_wake_at, row.limit_rate, false) ?? toNext(row.key_wake_at, row.key_rate, true)
  );
}

function toNext(at: number | null, rate: string | null, isOfKey: boolean): LimitHold | null {
  if (at === null || rate === null) return null;
  return { isOfKey, next: { at, rate: (JSON.parse(rate) as Rate).rate } };
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
  readonly trace_context: string | null;
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
    ...toTrace(row.trace_context),
    createdAt: row.created_at,
  };
}

export interface StateRow extends Pick<JobState, "status" | "fence" | "owner"> {
  readonly ended_at: number | null;
  readonly payloads_removed_at: number | null;
  readonly trace_context: string | null;
}

export function toJobState({
  ended_at: endedAt,
  payloads_removed_at: payloadsRemovedAt,
  trace_context: trace,
  ...row
}: StateRow): JobState {
  return { ...row, endedAt, payloadsRemovedAt, ...toTrace(trace) };
}

export function toTrace(text: string | null): { readonly trace?: TraceContext } {
  return text === null ? {} : { trace: fromTraceText(text) };
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

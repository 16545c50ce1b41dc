/** Converts between rows and domain types: JSON columns, pairs of columns, and public ids. */
import type { Failure, FailureCode } from "../../domain/errors.ts";
import type { EventKind } from "../../domain/event.ts";
import type { WaitingFor } from "../../domain/job.ts";
import type { CompletedStep, PluginCall, StepMetrics } from "../../domain/job-spec.ts";
import type { JsonText } from "../../domain/json-text.ts";

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
  readonly waiting_kind: WaitingFor["kind"] | null;
  readonly waiting_on: string | null;
  readonly waiting_since: number | null;
}

export function toWaitingFor(row: WaitingColumns): WaitingFor | null {
  const { waiting_kind: kind, waiting_on: on, waiting_since: since } = row;
  return kind === null || on === null || since === null ? null : { kind, on, since };
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
    createdAt: row.created_at,
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

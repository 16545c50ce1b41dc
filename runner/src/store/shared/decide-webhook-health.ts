import {
  addFailure,
  judgeWebhook,
  type FailingDays,
  type WebhookVerdict,
} from "../../domain/webhook-health.ts";
import type { AttemptOutcome } from "../../ports/store/deliveries.ts";
import type { WebhookPatch, WebhookState } from "../../ports/store/webhooks.ts";

/** A persistent webhook's columns, as the attempt's delivery was read with them. */
export interface WebhookColumns {
  readonly webhook: number;
  readonly is_persistent: 0 | 1 | boolean;
  readonly failing_since: number | null;
}

export interface FailingRow {
  readonly id: string;
  readonly state: WebhookState;
  readonly expires_at: number | null;
  readonly failing_day: number;
  /** A bit for each of the five days. The bits above them have `unregisteredFrom` plus 1, or 0 for null. */
  readonly failing_days: number;
}

const DAY_BITS = 5;

function toFailingDays({ failing_day, failing_days }: FailingRow): FailingDays {
  const from = failing_days >> DAY_BITS;
  return {
    last: failing_day,
    days: failing_days & (2 ** DAY_BITS - 1),
    unregisteredFrom: from === 0 ? null : from - 1,
  };
}

/** The value of `failing_days`. */
function toBits({ days, unregisteredFrom: from }: FailingDays): number {
  return from === null ? days : ((from + 1) << DAY_BITS) | days;
}

/** Selects `FailingRow`s. Append the conditions. */
export const SELECT_FAILING = `
  SELECT id, state, expires_at, failing_day, failing_days
  FROM persistent_webhooks JOIN webhooks ON seq = webhook`;

/** The time in which a webhook has failed. */
export interface FailingSpan {
  readonly from: number;
  readonly until: number;
}

export function failingSpan(
  { failing_since: since }: WebhookColumns,
  { attempt }: AttemptOutcome,
): FailingSpan {
  return { from: since ?? attempt.at, until: Math.floor(attempt.at + attempt.durationMs) };
}

export interface WebhookDecision {
  /** The columns `failing_day` and `failing_days`. Null if they are stored already. */
  readonly failing: { readonly day: number; readonly days: number } | null;
  /** Null if the webhook stays as it is. */
  readonly verdict: Exclude<WebhookVerdict, { kind: "keep" }> | null;
}

/** Of a failed attempt. `upMs` is how long the daemon was up in the span. */
export function decideWebhookHealth(
  row: FailingRow,
  { attempt }: AttemptOutcome,
  { from, until, upMs }: FailingSpan & { readonly upMs: number },
): WebhookDecision {
  const failingDays = addFailure(toFailingDays(row), attempt, upMs);
  const failing = { day: failingDays.last, days: toBits(failingDays) };
  const isStored = failing.day === row.failing_day && failing.days === row.failing_days;
  const health = { expiresAt: row.expires_at, failingSince: from, upMs, failingDays };
  const verdict = judgeWebhook({ ...attempt, endedAt: until }, health);
  return {
    failing: isStored ? null : failing,
    verdict: verdict.kind === "keep" || changesNothing(verdict, row) ? null : verdict,
  };
}

export function stateAfter({
  kind,
  reason,
}: Extract<WebhookVerdict, { readonly reason: string }>): WebhookPatch {
  return { state: kind === "pause" ? "paused" : "off", reason };
}

/** Whether the verdict changes nothing. A person may have paused the webhook. */
function changesNothing({ kind }: WebhookVerdict, { state }: FailingRow): boolean {
  return (kind === "pause" && state !== "active") || (kind === "switch-off" && state === "off");
}

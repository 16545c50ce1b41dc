import {
  addFailingDay,
  judgeWebhook,
  type FailingDays,
  type WebhookVerdict,
} from "../../domain/webhook-health.ts";
import type { AttemptOutcome } from "../../ports/store/deliveries.ts";
import type { WebhookState } from "../../ports/store/webhooks.ts";

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
  readonly failing_days: number;
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
  /** Null if they are stored already. */
  readonly failingDays: FailingDays | null;
  /** Null if the webhook stays as it is. */
  readonly verdict: Exclude<WebhookVerdict, { kind: "keep" }> | null;
}

/** Of a failed attempt. `upMs` is how long the daemon was up in the span. */
export function decideWebhookHealth(
  row: FailingRow,
  { attempt }: AttemptOutcome,
  { from, until, upMs }: FailingSpan & { readonly upMs: number },
): WebhookDecision {
  const before = { last: row.failing_day, days: row.failing_days };
  const failingDays = addFailingDay(before, upMs);
  const isStored = failingDays.days === before.days && failingDays.last === before.last;
  const health = { expiresAt: row.expires_at, failingSince: from, upMs, failingDays };
  const verdict = judgeWebhook({ ...attempt, endedAt: until }, health);
  const isOff = verdict.kind === "switch-off" && row.state === "off";
  return {
    failingDays: isStored ? null : failingDays,
    verdict: verdict.kind === "keep" || isOff ? null : verdict,
  };
}

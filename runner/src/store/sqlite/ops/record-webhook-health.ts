import type { DatabaseSync } from "node:sqlite";
import {
  addFailingDay,
  judgeWebhook,
  type WebhookVerdict,
} from "../../../domain/webhook-health.ts";
import type { AttemptOutcome } from "../../../ports/store/deliveries.ts";
import { prepare } from "../statement.ts";
import { prepareIdleSpans } from "./idle-spans.ts";
import { prepareRemoveWebhook } from "./remove-webhook.ts";
import { prepareUpdateWebhook } from "./update-webhook.ts";

/** A persistent webhook's columns, as the attempt's delivery was read with them. */
export interface WebhookColumns {
  readonly webhook: number;
  readonly is_persistent: 0 | 1;
  readonly failing_since: number | null;
}

interface FailingRow {
  readonly id: string;
  readonly state: "active" | "paused" | "off";
  readonly expires_at: number | null;
  readonly failing_day: number;
  readonly failing_days: number;
}

/**
 * Counts the attempt for its persistent webhook, and switches the webhook off or removes it. Decided
 * here, because another attempt can have succeeded since the delivery was claimed.
 */
export function prepareRecordWebhookHealth(
  db: DatabaseSync,
): (row: WebhookColumns, outcome: AttemptOutcome) => WebhookVerdict | null {
  const setFailing = prepare(
    db,
    `UPDATE persistent_webhooks SET failing_since = ?, failing_day = ?, failing_days = ?
     WHERE webhook = ?`,
  );
  const find = prepare<FailingRow>(
    db,
    `SELECT id, state, expires_at, failing_day, failing_days
     FROM persistent_webhooks JOIN webhooks ON seq = webhook WHERE webhook = ?`,
  );
  const idleSpans = prepareIdleSpans(db);
  const update = prepareUpdateWebhook(db);
  const remove = prepareRemoveWebhook(db);

  function judge(
    { webhook, failing_since }: WebhookColumns,
    { attempt }: AttemptOutcome,
  ): WebhookVerdict | null {
    const row = find.get(webhook);
    if (row === undefined) return null;
    const endedAt = Math.floor(attempt.at + attempt.durationMs);
    const failingSince = failing_since ?? attempt.at;
    const upMs = idleSpans.upMs(failingSince, endedAt);
    const before = { last: row.failing_day, days: row.failing_days };
    const failingDays = addFailingDay(before, upMs);
    if (failingDays.days !== before.days || failingDays.last !== before.last)
      setFailing.run(failingSince, failingDays.last, failingDays.days, webhook);
    const health = { expiresAt: row.expires_at, failingSince, upMs, failingDays };
    const verdict = judgeWebhook({ ...attempt, endedAt }, health);
    switch (verdict.kind) {
      case "keep":
        return null;
      case "remove":
        remove(row.id);
        return verdict;
      case "switch-off":
        if (row.state === "off") return null;
        update(row.id, { state: "off", reason: verdict.reason }, { now: endedAt });
        return verdict;
    }
  }

  return (row, outcome) => {
    if (row.is_persistent === 0 || outcome.succeeded === null) return null;
    if (!outcome.succeeded) return judge(row, outcome);
    if (row.failing_since !== null) setFailing.run(null, 0, 0, row.webhook);
    return null;
  };
}

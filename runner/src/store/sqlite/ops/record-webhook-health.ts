import type { DatabaseSync } from "node:sqlite";
import type { WebhookVerdict } from "../../../domain/webhook-health.ts";
import type { AttemptOutcome } from "../../../ports/store/deliveries.ts";
import {
  decideWebhookHealth,
  failingSpan,
  SELECT_FAILING,
  stateAfter,
  type FailingRow,
  type WebhookColumns,
} from "../../shared/decide-webhook-health.ts";
import { prepare } from "../statement.ts";
import { prepareIdleSpans } from "./idle-spans.ts";
import { prepareRemoveWebhook } from "./remove-webhook.ts";
import { prepareUpdateWebhook } from "./update-webhook.ts";

/**
 * Counts the attempt for its persistent webhook, and switches the webhook off, pauses it or removes it. Decided
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
  const find = prepare<FailingRow>(db, `${SELECT_FAILING} WHERE webhook = ?`);
  const idleSpans = prepareIdleSpans(db);
  const update = prepareUpdateWebhook(db);
  const remove = prepareRemoveWebhook(db);

  function judge(columns: WebhookColumns, outcome: AttemptOutcome): WebhookVerdict | null {
    const { webhook } = columns;
    const row = find.get(webhook);
    if (row === undefined) return null;
    const span = failingSpan(columns, outcome);
    const upMs = idleSpans.upMs(span.from, span.until);
    const { failing, verdict } = decideWebhookHealth(row, outcome, { ...span, upMs });
    if (failing !== null) setFailing.run(span.from, failing.day, failing.days, webhook);
    if (verdict?.kind === "remove") remove(row.id);
    if (verdict?.kind === "switch-off" || verdict?.kind === "pause") {
      update(row.id, stateAfter(verdict), { now: span.until });
    }
    return verdict;
  }

  return (columns, outcome) => {
    if (!columns.is_persistent || outcome.succeeded === null) return null;
    if (!outcome.succeeded) return judge(columns, outcome);
    if (columns.failing_since !== null) setFailing.run(null, 0, 0, columns.webhook);
    return null;
  };
}

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
import type { Transaction } from "../transaction.ts";
import { readUpMs } from "./idle-spans.ts";
import { removeWebhook } from "./remove-webhook.ts";
import { updateWebhook } from "./update-webhook.ts";

const SET_FAILING = `UPDATE persistent_webhooks
  SET failing_since = $2, failing_day = $3, failing_days = $4 WHERE webhook = $1`;

/**
 * Counts the attempt for its persistent webhook, and switches the webhook off, pauses it or removes it. Decided
 * here, because another attempt can have succeeded since the delivery was claimed.
 */
export async function recordWebhookHealth(
  tx: Transaction,
  columns: WebhookColumns,
  outcome: AttemptOutcome,
): Promise<WebhookVerdict | null> {
  if (!columns.is_persistent || outcome.succeeded === null) return null;
  if (!outcome.succeeded) return judge(tx, columns, outcome);
  if (columns.failing_since !== null) await tx.query(SET_FAILING, [columns.webhook, null, 0, 0]);
  return null;
}

async function judge(
  tx: Transaction,
  columns: WebhookColumns,
  outcome: AttemptOutcome,
): Promise<WebhookVerdict | null> {
  const { webhook } = columns;
  const [row] = await tx.query<FailingRow>(`${SELECT_FAILING} WHERE webhook = $1`, [webhook]);
  if (row === undefined) return null;
  const span = failingSpan(columns, outcome);
  const upMs = await readUpMs(tx, span);
  const { failing, verdict } = decideWebhookHealth(row, outcome, { ...span, upMs });
  if (failing !== null) {
    await tx.query(SET_FAILING, [webhook, span.from, failing.day, failing.days]);
  }
  if (verdict === null) return null;
  tx.needExclusive();
  if (verdict.kind === "remove") await removeWebhook(tx, row.id);
  else await updateWebhook(tx, row.id, stateAfter(verdict), { now: span.until });
  return verdict;
}

import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareWebhookRemoval, SLICE_SIZE } from "./remove-webhook.ts";

export function preparePruneWebhooks(db: DatabaseSync): Operations["pruneWebhooks"] {
  // The destination has only this webhook's deliveries. An open one sets `ready_at`, is among the
  // few that are claimed, or waits for such a delivery.
  const find = prepare<{ webhook: number }>(
    db,
    `SELECT webhook FROM persistent_webhooks INDEXED BY persistent_webhooks_expiring
       CROSS JOIN webhooks ON seq = webhook
       CROSS JOIN destinations ON destinations.id = destination
     WHERE expires_at < ? AND ready_at IS NULL AND NOT EXISTS (
       SELECT 1 FROM deliveries INDEXED BY deliveries_leased
       WHERE lease_owner IS NOT NULL AND deliveries.webhook = persistent_webhooks.webhook
     )
     ORDER BY expires_at LIMIT ?`,
  );
  const removal = prepareWebhookRemoval(db);
  return ({ now, limit }) => {
    const expired = find.all(now, limit);
    let left = SLICE_SIZE;
    for (const { webhook } of expired) left -= removal.begin(webhook, left);
    return expired.length;
  };
}

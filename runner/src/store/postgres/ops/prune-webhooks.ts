import type { Operation } from "../change.ts";
import { beginRemoval, SLICE_SIZE } from "./remove-webhook.ts";

/**
 * The destination has only this webhook's deliveries. An open one can be claimed, is among the few that
 * are claimed, or waits for such a delivery.
 */
const FIND = `SELECT webhook FROM persistent_webhooks JOIN webhooks ON seq = webhook
  WHERE expires_at < $1 AND NOT EXISTS (
    SELECT 1 FROM deliveries
    WHERE destination = webhooks.destination AND deliveries.state = 'due' AND lease_owner IS NULL
  ) AND NOT EXISTS (
    SELECT 1 FROM deliveries WHERE deliveries.webhook = webhooks.seq AND lease_owner IS NOT NULL
  )
  ORDER BY expires_at, webhook LIMIT $2`;

export const pruneWebhooks: Operation<"pruneWebhooks"> = async (tx, { now, limit }) => {
  const expired = await tx.query<{ webhook: number }>(FIND, [now, limit]);
  let left = SLICE_SIZE;
  for (const { webhook } of expired) left -= await beginRemoval(tx, webhook, left);
  return expired.length;
};

/** Where deliveries are sent. */
import type { DeliveryTarget } from "../../../ports/store/deliveries.ts";

export interface TargetColumns {
  readonly webhook_id: string;
  readonly is_persistent: boolean;
  readonly url: string;
  readonly sealed: string | null;
  readonly retries: number;
  readonly timeout_ms: number | null;
}

/** Columns of a statement on `webhooks` that joins PERSISTENT. */
export const TARGET_COLUMNS = `webhooks.id AS webhook_id,
  persistent_webhooks.webhook IS NOT NULL AS is_persistent, webhooks.url, webhooks.sealed,
  webhooks.retries, coalesce(persistent_webhooks.timeout_ms, webhooks.timeout_ms) AS timeout_ms`;
export const PERSISTENT = `LEFT JOIN persistent_webhooks ON persistent_webhooks.webhook = webhooks.seq`;

export function toTarget(row: TargetColumns): DeliveryTarget {
  return {
    webhookId: row.webhook_id,
    isPersistent: row.is_persistent,
    url: row.url,
    sealed: row.sealed,
    retries: row.retries,
    timeoutMs: row.timeout_ms,
  };
}

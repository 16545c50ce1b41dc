/** Where deliveries are sent. */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryTarget } from "../../../ports/store/deliveries.ts";
import { prepare } from "../statement.ts";

export interface TargetColumns {
  readonly webhook_id: string;
  readonly is_persistent: 0 | 1;
  readonly url: string;
  readonly sealed: string | null;
  readonly retries: number;
  readonly timeout_ms: number | null;
}

/** Columns of a statement on `webhooks` that joins PERSISTENT. */
export const TARGET_COLUMNS = `webhooks.id AS webhook_id,
  persistent_webhooks.webhook IS NOT NULL AS is_persistent, url, sealed, retries,
  coalesce(persistent_webhooks.timeout_ms, webhooks.timeout_ms) AS timeout_ms`;
export const PERSISTENT = `LEFT JOIN persistent_webhooks ON persistent_webhooks.webhook = webhooks.seq`;

export function toTarget(row: TargetColumns): DeliveryTarget {
  return {
    webhookId: row.webhook_id,
    isPersistent: row.is_persistent === 1,
    url: row.url,
    sealed: row.sealed,
    retries: row.retries,
    timeoutMs: row.timeout_ms,
  };
}

/** Returns targets by webhook. Deliveries to one webhook share a target, which is read and sent to the main thread once. */
export function prepareFindTargets(
  db: DatabaseSync,
): (webhooks: ReadonlySet<number>) => ReadonlyMap<number, DeliveryTarget> {
  const find = prepare<TargetColumns & { readonly webhook: number }>(
    db,
    `SELECT webhooks.seq AS webhook, ${TARGET_COLUMNS}
     FROM json_each(?) CROSS JOIN webhooks ON webhooks.seq = json_each.value ${PERSISTENT}`,
  );
  return (webhooks) =>
    new Map(find.all(JSON.stringify([...webhooks])).map((row) => [row.webhook, toTarget(row)]));
}

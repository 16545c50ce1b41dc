import type { JobWebhook } from "../../../ports/store/webhooks.ts";
import { toKindsText } from "../../shared/rows.ts";
import type { Transaction } from "../transaction.ts";
import { findOrCreateDestination } from "./destinations.ts";

/** Stores a webhook, and its destination if that is new. Returns the webhook's `seq`. */
export async function insertWebhook(
  tx: Transaction,
  { id, destination, url, on, retries, sealed, timeoutMs }: JobWebhook,
  { job = null, batch = null }: { job?: number | null; batch?: number | null },
): Promise<number> {
  const place = await findOrCreateDestination(tx, destination);
  const [row] = await tx.query<{ seq: number }>(
    `INSERT INTO webhooks (id, job, batch, destination, url, kinds, retries, sealed, timeout_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING seq`,
    [id, job, batch, place, url, toKindsText(on), retries, sealed, timeoutMs],
  );
  return row?.seq ?? 0;
}

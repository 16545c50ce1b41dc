import type { JobWebhook } from "../../../ports/store/webhooks.ts";
import { toKindsText } from "../../shared/rows.ts";
import type { PlacedRow } from "../gather-rows.ts";
import type { Transaction } from "../transaction.ts";
import { findOrCreateDestination } from "./destinations.ts";

const INSERT = `WITH inserted AS (
    INSERT INTO webhooks (id, job, batch, destination, url, kinds, retries, sealed, timeout_ms)
    SELECT id, job, batch, destination, url, kinds, retries, sealed, timeout_ms
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
        $7::integer[], $8::text[], $9::bigint[]) WITH ORDINALITY
      AS given (id, job, batch, destination, url, kinds, retries, sealed, timeout_ms, place)
    ORDER BY place
    RETURNING seq
  )
  SELECT seq, row_number() OVER (ORDER BY seq) AS place FROM inserted`;

/** What a webhook belongs to. A persistent one belongs to nothing. */
interface Owner {
  readonly job?: number | null;
  readonly batch?: number | null;
}

/** Stores a webhook, and its destination if that is new. Returns the webhook's `seq`. */
export async function insertWebhook(
  tx: Transaction,
  webhook: JobWebhook,
  owner: Owner,
): Promise<number> {
  const destination = await findOrCreateDestination(tx, webhook.destination);
  return insertWebhookTo(tx, webhook, { destination, ...owner });
}

/** Stores a webhook whose destination is known. */
export async function insertWebhookTo(
  tx: Transaction,
  { id, url, on, retries, sealed, timeoutMs }: JobWebhook,
  { destination, job = null, batch = null }: Owner & { readonly destination: number },
): Promise<number> {
  const row = await tx.row<PlacedRow & { readonly seq: number }>(INSERT, [
    id,
    job,
    batch,
    destination,
    url,
    toKindsText(on),
    retries,
    sealed,
    timeoutMs,
  ]);
  return row?.seq ?? 0;
}

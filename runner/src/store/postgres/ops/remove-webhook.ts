import type { DeliveryState } from "../../../domain/delivery.ts";
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { deleteUnusedDestinations } from "./delete-rows.ts";

/** Deliveries that one slice deletes, with their attempts. More would make other changes wait for it. */
export const SLICE_SIZE = 100;

export const removeWebhook: Operation<"removeWebhook"> = async (tx, id) => {
  const [webhook] = await tx.query<{ seq: number }>(
    `SELECT seq FROM webhooks JOIN persistent_webhooks ON webhook = seq WHERE webhooks.id = $1`,
    [id],
  );
  if (webhook === undefined) return false;
  await beginRemoval(tx, webhook.seq, SLICE_SIZE);
  return true;
};

/** Removes the webhook, and up to `limit` of its deliveries. Returns how many were deleted. */
export async function beginRemoval(
  tx: Transaction,
  webhook: number,
  limit: number,
): Promise<number> {
  const { deleted, isGone } = await deleteSome(tx, webhook, limit);
  if (!isGone) {
    // From now on it is no persistent webhook, and nothing is sent to it.
    await tx.query(
      `UPDATE destinations SET stopped = true, stopped_since = NULL, probe = NULL
       WHERE id = (SELECT destination FROM webhooks WHERE seq = $1)`,
      [webhook],
    );
    await forget(tx, webhook);
    await tx.query(`UPDATE webhooks SET removed = true WHERE seq = $1`, [webhook]);
  }
  return deleted;
}

/** Deletes one slice of a removed webhook. False if there is none. */
export async function removeNext(tx: Transaction): Promise<boolean> {
  const [removed] = await tx.query<{ seq: number }>(
    `SELECT seq FROM webhooks WHERE removed LIMIT 1`,
  );
  if (removed === undefined) return false;
  await deleteSome(tx, removed.seq, SLICE_SIZE);
  return true;
}

async function deleteSome(
  tx: Transaction,
  webhook: number,
  limit: number,
): Promise<{ deleted: number; isGone: boolean }> {
  const deleted = await tx.query<{ state: DeliveryState }>(
    `WITH gone AS (
       DELETE FROM deliveries WHERE id = ANY (ARRAY(
         SELECT id FROM deliveries WHERE webhook = $1 LIMIT $2
       ))
       RETURNING id, state
     ), attempt AS (DELETE FROM attempts USING gone WHERE delivery = gone.id)
     SELECT state FROM gone`,
    [webhook, limit],
  );
  for (const { state } of deleted) tx.count({ kind: "delivery", state }, -1);
  const isGone = deleted.length < limit;
  if (isGone) {
    await forget(tx, webhook);
    const rows = await tx.query<{ destination: number }>(
      `DELETE FROM webhooks WHERE seq = $1 RETURNING destination`,
      [webhook],
    );
    await deleteUnusedDestinations(
      tx,
      rows.map(({ destination }) => destination),
    );
  }
  return { deleted: deleted.length, isGone };
}

async function forget(tx: Transaction, webhook: number): Promise<void> {
  await tx.query(`DELETE FROM webhook_routes WHERE webhook = $1`, [webhook]);
  await tx.query(`DELETE FROM persistent_webhooks WHERE webhook = $1`, [webhook]);
}

import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { insertWebhook } from "./insert-webhook.ts";

export const endBatch: Operation<"endBatch"> = async (tx, batchId, { at, body }) => {
  const [batch] = await tx.query<{ seq: number }>(
    `UPDATE batches SET ended_at = $2, body = $3
     WHERE id = $1 AND ended_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM batch_jobs WHERE batch = batches.seq AND state = 'open')
     RETURNING seq`,
    [batchId, at, body],
  );
  if (batch === undefined) return false;
  await deliverCallback(tx, batch.seq, at);
  return true;
};

export const setBatchWebhook: Operation<"setBatchWebhook"> = async (tx, batchId, webhook) => {
  const [batch] = await tx.query<{ seq: number; ended_at: number | null }>(
    `SELECT seq, ended_at FROM batches
     WHERE id = $1 AND payloads_removed_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM webhooks WHERE batch = batches.seq)`,
    [batchId],
  );
  if (batch === undefined) return false;
  await insertWebhook(tx, webhook, { batch: batch.seq });
  if (batch.ended_at !== null) await deliverCallback(tx, batch.seq, batch.ended_at);
  return true;
};

/** Stores the delivery of an ended batch's callback, if the batch has a webhook. */
async function deliverCallback(tx: Transaction, batch: number, at: number): Promise<void> {
  const stored = await tx.query(
    `INSERT INTO deliveries (batch, webhook, destination, sequence, state, due_at, created_at)
     SELECT batch, seq, destination, 1, 'due', $2::bigint, $2 FROM webhooks WHERE batch = $1
     RETURNING id`,
    [batch, at],
  );
  tx.count({ kind: "delivery", state: "due" }, stored.length);
}

import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareInsertWebhook } from "./insert-webhook.ts";
import { prepareDestinations } from "./destinations.ts";

export function prepareEndBatch(db: DatabaseSync): Operations["endBatch"] {
  const end = prepare<{ seq: number }>(
    db,
    `UPDATE batches SET ended_at = ?, body = ?
     WHERE id = ? AND open_jobs = 0 AND ended_at IS NULL RETURNING seq`,
  );
  const deliverCallback = prepareDeliverCallback(db);
  return (batchId, { at, body }) => {
    const batch = end.get(at, body, batchId);
    if (batch === undefined) return false;
    deliverCallback(batch.seq, at);
    return true;
  };
}

export function prepareSetBatchWebhook(db: DatabaseSync): Operations["setBatchWebhook"] {
  const find = prepare<{ seq: number; ended_at: number | null }>(
    db,
    `SELECT seq, ended_at FROM batches
     WHERE id = ? AND payloads_removed_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM webhooks WHERE batch = batches.seq)`,
  );
  const insertWebhook = prepareInsertWebhook(db);
  const deliverCallback = prepareDeliverCallback(db);
  return (batchId, webhook) => {
    const batch = find.get(batchId);
    if (batch === undefined) return false;
    insertWebhook(webhook, { batch: batch.seq });
    if (batch.ended_at !== null) deliverCallback(batch.seq, batch.ended_at);
    return true;
  };
}

/** Stores the delivery of an ended batch's callback, if the batch has a webhook. */
function prepareDeliverCallback(db: DatabaseSync) {
  const findWebhook = prepare<{ seq: number; destination: number }>(
    db,
    `SELECT seq, destination FROM webhooks WHERE batch = ?`,
  );
  const insertDelivery = prepare(
    db,
    `INSERT INTO deliveries (batch, webhook, destination, sequence, state, due_at, created_at)
     VALUES (?1, ?2, ?3, 1, 'due', ?4, ?4)`,
  );
  const destinations = prepareDestinations(db);

  return (batch: number, at: number): void => {
    const webhook = findWebhook.get(batch);
    if (webhook === undefined) return;
    insertDelivery.run(batch, webhook.seq, webhook.destination, at);
    destinations.lowerReadyAt(webhook.destination, at);
  };
}

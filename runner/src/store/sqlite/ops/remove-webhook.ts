import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

/** Deliveries that one slice deletes, with their attempts. More would make other changes wait for it. */
export const SLICE_SIZE = 100;

export interface WebhookRemoval {
  /** Removes the webhook, and up to `limit` of its deliveries. Returns how many were deleted. */
  begin(webhook: number, limit: number): number;
  /** Deletes one slice of a removed webhook. False if there is none. */
  next(): boolean;
}

export function prepareWebhookRemoval(db: DatabaseSync): WebhookRemoval {
  const findRemoved = prepare<{ seq: number }>(
    db,
    `SELECT seq FROM webhooks INDEXED BY webhooks_removed WHERE removed = 1 LIMIT 1`,
  );
  const deleteSlice = prepare(
    db,
    `DELETE FROM deliveries WHERE id IN (
       SELECT id FROM deliveries INDEXED BY deliveries_by_webhook WHERE webhook = ? LIMIT ?
     )`,
  );
  const deleteWebhook = prepare(db, `DELETE FROM webhooks WHERE seq = ?`);
  const forget = prepare(db, `DELETE FROM persistent_webhooks WHERE webhook = ?`);
  const mark = prepare(db, `UPDATE webhooks SET removed = 1 WHERE seq = ?`);
  const stop = prepare(
    db,
    `UPDATE destinations SET stopped = 1, stopped_since = NULL, probe = NULL
     WHERE id = (SELECT destination FROM webhooks WHERE seq = ?)`,
  );

  function deleteSome(webhook: number, limit: number): { deleted: number; isGone: boolean } {
    const deleted = Number(deleteSlice.run(webhook, limit).changes);
    const isGone = deleted < limit;
    if (isGone) deleteWebhook.run(webhook);
    return { deleted, isGone };
  }

  return {
    begin(webhook, limit) {
      const { deleted, isGone } = deleteSome(webhook, limit);
      if (!isGone) {
        // From now on it is no persistent webhook, and nothing is sent to it.
        stop.run(webhook);
        forget.run(webhook);
        mark.run(webhook);
      }
      return deleted;
    },
    next() {
      const removed = findRemoved.get();
      if (removed === undefined) return false;
      deleteSome(removed.seq, SLICE_SIZE);
      return true;
    },
  };
}

export function prepareRemoveWebhook(db: DatabaseSync): Operations["removeWebhook"] {
  const find = prepare<{ seq: number }>(
    db,
    `SELECT seq FROM webhooks WHERE id = ? AND seq IN (SELECT webhook FROM persistent_webhooks)`,
  );
  const removal = prepareWebhookRemoval(db);
  return (id) => {
    const webhook = find.get(id);
    if (webhook === undefined) return false;
    removal.begin(webhook.seq, SLICE_SIZE);
    return true;
  };
}

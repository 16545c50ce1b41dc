import type { DatabaseSync } from "node:sqlite";
import { prepare } from "../statement.ts";

/** Makes every open delivery of a persistent webhook dead, including those in flight. */
export function prepareDeadLetter(
  db: DatabaseSync,
): (request: { webhook: number; reason: string; at: number }) => void {
  const endAll = prepare(
    db,
    `UPDATE deliveries INDEXED BY deliveries_by_webhook
     SET state = 'dead', reason = ?, due_at = NULL, ended_at = ?, lease_owner = NULL,
       lease_until = NULL
     WHERE webhook = ? AND state IN ('waiting', 'due')`,
  );
  // A persistent webhook's destination has only the webhook's own deliveries.
  const clearReadyAt = prepare(
    db,
    `UPDATE destinations SET ready_at = NULL, probe = NULL
     WHERE id = (SELECT destination FROM webhooks WHERE seq = ?)`,
  );
  return ({ webhook, reason, at }) => {
    endAll.run(reason, at, webhook);
    clearReadyAt.run(webhook);
  };
}

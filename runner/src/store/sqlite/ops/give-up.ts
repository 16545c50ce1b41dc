import type { DatabaseSync } from "node:sqlite";
import { prepare } from "../statement.ts";

/** Gives up all that a persistent webhook has not delivered, what is in flight as well. */
export function prepareGiveUp(
  db: DatabaseSync,
): (request: { webhook: number; reason: string; at: number }) => void {
  const giveUp = prepare(
    db,
    `UPDATE deliveries INDEXED BY deliveries_by_webhook
     SET state = 'dead', reason = ?, due_at = NULL, ended_at = ?, lease_owner = NULL,
       lease_until = NULL
     WHERE webhook = ? AND state IN ('waiting', 'due')`,
  );
  // Its destination holds nothing else.
  const empty = prepare(
    db,
    `UPDATE destinations SET ready_at = NULL WHERE id = (SELECT destination FROM webhooks WHERE seq = ?)`,
  );
  return ({ webhook, reason, at }) => {
    giveUp.run(reason, at, webhook);
    empty.run(webhook);
  };
}

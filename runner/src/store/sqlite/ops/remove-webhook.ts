import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareRemoveWebhook(db: DatabaseSync): Operations["removeWebhook"] {
  const remove = prepare(
    db,
    `DELETE FROM webhooks WHERE id = ? AND seq IN (SELECT webhook FROM persistent_webhooks)`,
  );
  return (id) => Number(remove.run(id).changes) > 0;
}

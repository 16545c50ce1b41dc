import type { DatabaseSync } from "node:sqlite";
import type { WebhookSpec } from "../../../ports/store.ts";
import { prepare } from "../statement.ts";

/** Writes the routes by which events find a persistent webhook, in place of those it had. */
export function prepareSetRoutes(
  db: DatabaseSync,
): (webhook: number, filter: Pick<WebhookSpec, "plugins" | "jobName">) => void {
  const clear = prepare(db, `DELETE FROM webhook_routes WHERE webhook = ?`);
  const insert = prepare(
    db,
    `INSERT INTO webhook_routes (plugin, job_name, webhook) VALUES (?, ?, ?)`,
  );
  return (webhook, { plugins, jobName }) => {
    clear.run(webhook);
    for (const plugin of new Set(plugins ?? [""])) insert.run(plugin, jobName ?? "", webhook);
  };
}

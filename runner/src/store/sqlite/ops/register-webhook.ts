import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareInsertWebhook } from "./insert-webhook.ts";
import { prepareSetRoutes } from "./routes.ts";

export function prepareRegisterWebhook(db: DatabaseSync): Operations["registerWebhook"] {
  const find = prepare<{ id: string }>(
    db,
    `SELECT id FROM persistent_webhooks JOIN webhooks ON seq = webhook WHERE identity = ?`,
  );
  const countAll = prepare<{ count: number }>(db, `SELECT sum(count) AS count FROM webhook_counts`);
  const insertWebhook = prepareInsertWebhook(db);
  const insertPersistent = prepare(
    db,
    `INSERT INTO persistent_webhooks (webhook, identity, plugins, job_name, timeout_ms, expires_at,
       created_at, updated_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)`,
  );
  const setRoutes = prepareSetRoutes(db);

  return (webhook, { maxWebhooks }) => {
    const { id, identity, plugins, jobName, timeoutMs, expiresAt, createdAt } = webhook;
    const known = find.get(identity);
    if (known !== undefined) return { kind: "existing", id: known.id };
    const count = countAll.get()?.count ?? 0;
    if (count >= maxWebhooks) return { kind: "limit", count };
    const destination = { key: id, ratePerSecond: webhook.ratePerSecond };
    const seq = insertWebhook({ ...webhook, destination, timeoutMs: null }, {});
    const pluginNames = plugins === null ? null : JSON.stringify(plugins);
    insertPersistent.run(seq, identity, pluginNames, jobName, timeoutMs, expiresAt, createdAt);
    setRoutes(seq, { ...webhook, state: "active" });
    return { kind: "created" };
  };
}

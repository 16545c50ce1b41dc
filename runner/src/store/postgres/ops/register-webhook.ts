import type { Operation } from "../change.ts";
import { insertWebhook } from "./insert-webhook.ts";
import { setRoutes } from "./routes.ts";

export const registerWebhook: Operation<"registerWebhook"> = async (
  tx,
  webhook,
  { maxWebhooks },
) => {
  const { id, identity, plugins, jobName, timeoutMs, expiresAt, createdAt } = webhook;
  const [known] = await tx.query<{ id: string }>(
    `SELECT id FROM persistent_webhooks JOIN webhooks ON seq = webhook
     WHERE md5(identity) = md5($1) AND identity = $1`,
    [identity],
  );
  if (known !== undefined) return { kind: "existing", id: known.id };
  const [all] = await tx.query<{ count: number }>(
    `SELECT count(*) AS count FROM persistent_webhooks`,
  );
  const count = all?.count ?? 0;
  if (count >= maxWebhooks) return { kind: "limit", count };
  const destination = { key: id, ratePerSecond: webhook.ratePerSecond };
  const seq = await insertWebhook(tx, { ...webhook, destination, timeoutMs: null }, {});
  const pluginNames = plugins === null ? null : JSON.stringify(plugins);
  await tx.query(
    `INSERT INTO persistent_webhooks (webhook, identity, plugins, job_name, timeout_ms, expires_at,
       created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
    [seq, identity, pluginNames, jobName, timeoutMs, expiresAt, createdAt],
  );
  await setRoutes(tx, seq, { ...webhook, state: "active" });
  return { kind: "created" };
};

import type { WebhookPatch } from "../../../ports/store/webhooks.ts";
import {
  SELECT_PERSISTENT,
  toStoredWebhook,
  type PersistentRow,
} from "../../shared/persistent-webhook.ts";
import { toKindsText } from "../../shared/rows.ts";
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { findOrCreateDestination, resumeDestinations } from "./destinations.ts";
import { beginGivingUp, stopGivingUp } from "./give-up-backlog.ts";
import { addIdleSpan } from "./idle-spans.ts";
import { setRoutes } from "./routes.ts";

export const updateWebhook: Operation<"updateWebhook"> = async (
  tx,
  ...[id, patch, { now, version }]
) => {
  const [row] = await tx.query<PersistentRow>(`${SELECT_PERSISTENT} WHERE webhooks.id = $1`, [id]);
  if (row === undefined) return "missing";
  if (version !== undefined && version !== row.version) return "stale";
  const { seq } = row;
  const webhook = { ...toStoredWebhook(row), ...patch };
  const [other] = await tx.query(
    `SELECT webhook FROM persistent_webhooks
     WHERE md5(identity) = md5($1) AND identity = $1 AND webhook <> $2`,
    [webhook.identity, seq],
  );
  if (other !== undefined) return "taken";
  const { url, on, retries, sealed, plugins, jobName } = webhook;
  await tx.query(
    `UPDATE webhooks SET url = $2, kinds = $3, retries = $4, sealed = $5 WHERE seq = $1`,
    [seq, url, toKindsText(on), retries, sealed],
  );
  await tx.query(
    `UPDATE persistent_webhooks SET identity = $2, state = $3, reason = $4, failing_since = $5,
       failing_day = CASE WHEN $5::bigint IS NULL THEN 0 ELSE failing_day END,
       failing_days = CASE WHEN $5::bigint IS NULL THEN 0 ELSE failing_days END,
       plugins = $6, job_name = $7, timeout_ms = $8, expires_at = $9, updated_at = $10,
       version = version + 1
     WHERE webhook = $1`,
    [
      seq,
      webhook.identity,
      webhook.state,
      webhook.state === "active" ? null : webhook.reason,
      patch.state === "active" ? null : webhook.failingSince,
      plugins === null ? null : JSON.stringify(plugins),
      jobName,
      webhook.timeoutMs,
      webhook.expiresAt,
      now,
    ],
  );
  await findOrCreateDestination(tx, { key: id, ratePerSecond: webhook.ratePerSecond });
  await setRoutes(tx, seq, webhook);
  await moveState(tx, row, { state: patch.state, now });
  return "updated";
};

/** Applies a change of state to the webhook's destination and deliveries. */
async function moveState(
  tx: Transaction,
  { seq, destination, state: before }: PersistentRow,
  { state, now }: { state: WebhookPatch["state"]; now: number },
): Promise<void> {
  if (state === undefined) return;
  if (before === "paused") {
    const [stop] = await tx.query<{ since: number | null }>(
      `SELECT stopped_since AS since FROM destinations WHERE id = $1`,
      [destination],
    );
    await addIdleSpan(tx, { destination, from: stop?.since ?? now, until: now });
  }
  await tx.query(`UPDATE destinations SET stopped = $2, stopped_since = $3 WHERE id = $1`, [
    destination,
    state !== "active",
    state === "active" ? null : now,
  ]);
  if (state === "off") return beginGivingUp(tx, seq, now);
  await stopGivingUp(tx, seq);
  if (state === "active") await resumeDestinations(tx, [destination], now);
}

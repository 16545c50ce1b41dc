import type { DatabaseSync } from "node:sqlite";
import type { WebhookPatch } from "../../../ports/store/webhooks.ts";
import type { Operations } from "../change.ts";
import {
  SELECT_PERSISTENT,
  toStoredWebhook,
  type PersistentRow,
} from "../../shared/persistent-webhook.ts";
import { toKindsText } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";
import { prepareGiveUpBacklog } from "./give-up-backlog.ts";
import { prepareIdleSpans } from "./idle-spans.ts";
import { prepareSetRoutes } from "./routes.ts";

export function prepareUpdateWebhook(db: DatabaseSync): Operations["updateWebhook"] {
  const find = prepare<PersistentRow>(db, `${SELECT_PERSISTENT} WHERE webhooks.id = ?`);
  const findOther = prepare<{ webhook: number }>(
    db,
    `SELECT webhook FROM persistent_webhooks WHERE identity = ? AND webhook <> ?`,
  );
  const updateTarget = prepare(
    db,
    `UPDATE webhooks SET url = ?, kinds = ?, retries = ?, sealed = ? WHERE seq = ?`,
  );
  const updatePersistent = prepare(
    db,
    `UPDATE persistent_webhooks SET identity = ?, state = ?, reason = ?, failing_since = ?,
       failing_day = iif(?4 IS NULL, 0, failing_day), failing_days = iif(?4 IS NULL, 0, failing_days),
       plugins = ?, job_name = ?, timeout_ms = ?, expires_at = ?, updated_at = ?,
       version = version + 1
     WHERE webhook = ?`,
  );
  const setRoutes = prepareSetRoutes(db);
  const moveState = prepareMoveState(db);
  const destinations = prepareDestinations(db);

  return (id, patch, { now, version }) => {
    const row = find.get(id);
    if (row === undefined) return "missing";
    if (version !== undefined && version !== row.version) return "stale";
    const { seq } = row;
    const webhook = { ...toStoredWebhook(row), ...patch };
    if (findOther.get(webhook.identity, seq) !== undefined) return "taken";
    const { url, on, retries, sealed, plugins, jobName } = webhook;
    updateTarget.run(url, toKindsText(on), retries, sealed, seq);
    updatePersistent.run(
      webhook.identity,
      webhook.state,
      webhook.state === "active" ? null : webhook.reason,
      patch.state === "active" ? null : webhook.failingSince,
      plugins === null ? null : JSON.stringify(plugins),
      jobName,
      webhook.timeoutMs,
      webhook.expiresAt,
      now,
      seq,
    );
    destinations.findOrCreate({ key: id, ratePerSecond: webhook.ratePerSecond });
    setRoutes(seq, webhook);
    moveState(row, patch, now);
    return "updated";
  };
}

/** Applies a change of state to the webhook's destination and deliveries. */
function prepareMoveState(db: DatabaseSync) {
  const stop = prepare(db, `UPDATE destinations SET stopped = 1, stopped_since = ? WHERE id = ?`);
  const restart = prepare(
    db,
    `UPDATE destinations SET stopped = 0, stopped_since = NULL WHERE id = ?`,
  );
  const findStop = prepare<{ since: number | null }>(
    db,
    `SELECT stopped_since AS since FROM destinations WHERE id = ?`,
  );
  const idleSpans = prepareIdleSpans(db);
  const destinations = prepareDestinations(db);
  const backlog = prepareGiveUpBacklog(db);

  return (
    { seq, destination, state: before }: PersistentRow,
    { state }: WebhookPatch,
    now: number,
  ): void => {
    if (state === undefined) return;
    const from = findStop.get(destination)?.since ?? now;
    if (before === "paused") idleSpans.add({ destination, from, until: now });
    switch (state) {
      case "active":
        restart.run(destination);
        backlog.stop(seq);
        destinations.resume(destination, now);
        return;
      case "paused":
        stop.run(now, destination);
        backlog.stop(seq);
        return;
      case "off":
        stop.run(now, destination);
        backlog.begin(seq, now);
        return;
    }
  };
}

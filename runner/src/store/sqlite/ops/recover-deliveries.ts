import type { DatabaseSync } from "node:sqlite";
import { HAS_PAYLOAD } from "../../shared/payloads.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";
import { prepareOrderingKey } from "./ordering-key.ts";

export function prepareRecoverDeliveries(db: DatabaseSync): Operations["recoverDeliveries"] {
  // A persistent webhook's destination has the webhook's id as its key.
  const find = prepare<{ id: number }>(
    db,
    `SELECT id FROM destinations WHERE key = ?1 AND NOT EXISTS (
       SELECT 1 FROM webhooks LEFT JOIN persistent_webhooks ON seq = persistent_webhooks.webhook
       WHERE webhooks.id = ?1 AND (removed = 1 OR persistent_webhooks.state = 'off')
     )`,
  );
  // A batch's callback has no ordering key and is due now; a job's event waits until it is the
  // head. One that was given up in flight can be in flight still: its claim ends.
  const revive = prepare<{ job: number | null; webhook: number }>(
    db,
    `UPDATE deliveries SET state = iif(job IS NULL, 'due', 'waiting'),
       due_at = iif(job IS NULL, ?1, NULL), ended_at = NULL, reason = NULL, retries_used = 0,
       revived_at = ?1, lease_owner = NULL, lease_until = NULL
     WHERE id IN (
       SELECT id FROM deliveries INDEXED BY deliveries_dead
       WHERE destination = ?2 AND state = 'dead' AND created_at >= ?3 AND revived_at IS NOT ?1
         AND ${HAS_PAYLOAD}
       ORDER BY created_at, id LIMIT ?4
     )
     RETURNING job, webhook`,
  );
  const hasten = prepare(
    db,
    `UPDATE deliveries SET due_at = ?1, revived_at = ?1
     WHERE id IN (
       SELECT id FROM deliveries INDEXED BY deliveries_retries
       WHERE destination = ?2 AND state = 'due' AND lease_owner IS NULL AND attempts > 0 AND due_at > ?1
         AND created_at >= ?3 AND revived_at IS NOT ?1
       ORDER BY due_at, id LIMIT ?4
     )`,
  );
  const destinations = prepareDestinations(db);
  const orderingKey = prepareOrderingKey(db);

  return ({ destination: key, since, limit, now }) => {
    const destination = find.get(key)?.id;
    if (destination === undefined) return { recovered: 0, more: false };
    const revived = revive.all(now, destination, since, limit);
    const hastened = Number(hasten.run(now, destination, since, limit - revived.length).changes);
    const keys = new Map(
      revived.map(({ job, webhook }) => [`${job} ${webhook}`, { job, webhook }]),
    );
    for (const { job, webhook } of keys.values()) {
      if (job !== null) orderingKey.restoreOrder({ job, webhook, destination }, now);
    }
    destinations.recomputeReadyAt(destination);
    destinations.resume(destination, now);
    const recovered = revived.length + hastened;
    return { recovered, more: recovered === limit };
  };
}

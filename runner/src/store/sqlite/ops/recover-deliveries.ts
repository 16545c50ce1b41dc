import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";
import { prepareOrderingKey } from "./ordering-key.ts";

export function prepareRecoverDeliveries(db: DatabaseSync): Operations["recoverDeliveries"] {
  const find = prepare<{ seq: number; destination: number }>(
    db,
    `SELECT seq, destination FROM webhooks WHERE id = ?`,
  );
  // A batch's callback has no ordering key and is due now; a job's event waits until it is the
  // head.
  const revive = prepare<{ job: number | null }>(
    db,
    `UPDATE deliveries SET state = iif(job IS NULL, 'due', 'waiting'),
       due_at = iif(job IS NULL, ?1, NULL), ended_at = NULL, reason = NULL, retries_used = 0,
       revived_at = ?1
     WHERE id IN (
       SELECT id FROM deliveries INDEXED BY deliveries_dead
       WHERE webhook = ?2 AND state = 'dead' AND created_at >= ?3
       ORDER BY created_at, id LIMIT ?4
     )
     RETURNING job`,
  );
  const hasten = prepare(
    db,
    `UPDATE deliveries SET due_at = ?1, revived_at = ?1
     WHERE id IN (
       SELECT id FROM deliveries INDEXED BY deliveries_retries
       WHERE destination = ?2 AND state = 'due' AND lease_owner IS NULL AND attempts > 0 AND due_at > ?1
         AND webhook = ?3 AND created_at >= ?4
       ORDER BY due_at, id LIMIT ?5
     )`,
  );
  const destinations = prepareDestinations(db);
  const orderingKey = prepareOrderingKey(db);

  return ({ webhookId, since, limit, now }) => {
    const webhook = find.get(webhookId);
    if (webhook === undefined) return { recovered: 0, more: false };
    const { seq, destination } = webhook;
    const revived = revive.all(now, seq, since, limit);
    const hastened = Number(
      hasten.run(now, destination, seq, since, limit - revived.length).changes,
    );
    for (const job of new Set(revived.map((row) => row.job))) {
      if (job !== null) orderingKey.restoreOrder({ job, webhook: seq, destination }, now);
    }
    destinations.recomputeReadyAt(destination);
    destinations.resume(destination, now);
    const recovered = revived.length + hastened;
    return { recovered, more: recovered === limit };
  };
}

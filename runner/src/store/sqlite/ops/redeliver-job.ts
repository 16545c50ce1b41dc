import type { DatabaseSync } from "node:sqlite";
import { HAS_PAYLOAD } from "../../shared/payloads.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";
import { prepareOrderingKey } from "./ordering-key.ts";
import { HAS_STOPPED_WEBHOOK } from "./stopped-webhook.ts";

export function prepareRedeliverJob(db: DatabaseSync): Operations["redeliverJob"] {
  const find = prepare<{ seq: number }>(db, `SELECT seq FROM jobs WHERE id = ?`);
  const revive = prepare<{ webhook: number; destination: number }>(
    db,
    `UPDATE deliveries SET state = 'waiting', due_at = NULL, ended_at = NULL, reason = NULL,
       retries_used = 0, revived_at = ?1
     WHERE id IN (
       SELECT id FROM deliveries INDEXED BY deliveries_by_ordering_key
       WHERE job = ?2 AND state = 'dead' AND lease_owner IS NULL AND ended_at <= ?3
         AND NOT ${HAS_STOPPED_WEBHOOK} AND ${HAS_PAYLOAD}
       LIMIT ?4
     )
     RETURNING webhook, destination`,
  );
  const destinations = prepareDestinations(db);
  const orderingKey = prepareOrderingKey(db);

  return (jobId, { failedBy, limit, now }) => {
    const job = find.get(jobId)?.seq;
    if (job === undefined) return null;
    const revived = revive.all(now, job, failedBy, limit);
    const keys = new Map(revived.map((row) => [row.webhook, row]));
    for (const { webhook, destination } of keys.values()) {
      orderingKey.restoreOrder({ job, webhook, destination }, now);
      destinations.resume(destination, now);
    }
    const resumed = [...new Set(revived.map(({ destination }) => destination))];
    return { redelivered: revived.length, destinations: resumed };
  };
}

import type { DatabaseSync } from "node:sqlite";
import type { EventKind } from "../../../domain/event.ts";
import type { JsonText } from "../../../domain/json-text.ts";
import type { ClaimedDelivery } from "../../../ports/store.ts";
import type { Operations } from "../change.ts";
import { toDeliveryId, toWebhook, type WebhookColumns } from "../rows.ts";
import { prepare } from "../statement.ts";

interface DueRow extends WebhookColumns {
  readonly id: number;
  readonly job_id: string;
  readonly sequence: number;
  readonly kind: EventKind;
  readonly body: JsonText;
  readonly at: number;
  readonly attempts: number;
  readonly retries_used: number;
}

export function prepareClaimDeliveries(db: DatabaseSync): Operations["claimDeliveries"] {
  // CROSS JOIN keeps the order of the tables: the index gives the order, nothing is sorted.
  const findDue = prepare<DueRow>(
    db,
    `SELECT deliveries.id, jobs.id AS job_id, deliveries.sequence, kind, body, at, attempts,
       retries_used, webhooks.id AS webhook_id, url, kinds, retries, headers
     FROM deliveries INDEXED BY deliveries_due
       CROSS JOIN jobs ON jobs.seq = deliveries.job
       CROSS JOIN webhooks ON webhooks.seq = deliveries.webhook
       CROSS JOIN events
         ON events.job = deliveries.job AND events.sequence = deliveries.sequence
     WHERE deliveries.state = 'due' AND deliveries.lease_owner IS NULL AND due_at <= ?
     ORDER BY due_at, deliveries.id LIMIT ?`,
  );
  const lease = prepare(db, `UPDATE deliveries SET lease_owner = ?, lease_until = ? WHERE id = ?`);

  return ({ owner, limit, now, leaseUntil }) =>
    findDue.all(now, limit).map((row): ClaimedDelivery => {
      lease.run(owner, leaseUntil, row.id);
      return {
        id: toDeliveryId(row.id),
        jobId: row.job_id,
        sequence: row.sequence,
        kind: row.kind,
        body: row.body,
        eventAt: row.at,
        webhook: toWebhook(row),
        attempts: row.attempts,
        retriesUsed: row.retries_used,
      };
    });
}

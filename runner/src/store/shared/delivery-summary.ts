import type { DeliveryState } from "../../domain/delivery.ts";
import type { DeliveryKind, DeliverySummary } from "../../ports/store/deliveries.ts";
import { HEALTH_COLUMNS, toHealth, type DestinationHealthRow } from "./destination-health.ts";
import { toDeliveryId } from "./rows.ts";

export interface DeliveryRow extends DestinationHealthRow {
  readonly key: number;
  readonly destination: number;
  readonly job_id: string | null;
  readonly batch_id: string | null;
  readonly webhook_id: string;
  readonly url: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly state: DeliveryState;
  readonly due_at: number | null;
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly attempts: number;
  readonly reason: string | null;
  readonly payloads_removed_at: number | null;
}

/** Selects `DeliveryRow`s. Append the conditions. */
export const SELECT_DELIVERIES = `
  SELECT deliveries.id AS key, deliveries.destination, jobs.id AS job_id, batches.id AS batch_id,
    webhooks.id AS webhook_id, url, deliveries.sequence, coalesce(kind, 'batch') AS kind, state,
    due_at, deliveries.created_at, deliveries.ended_at, attempts, reason,
    coalesce(jobs.payloads_removed_at, batches.payloads_removed_at) AS payloads_removed_at,
    ${HEALTH_COLUMNS}
  FROM deliveries
    CROSS JOIN destinations ON destinations.id = deliveries.destination
    CROSS JOIN webhooks ON webhooks.seq = deliveries.webhook
    LEFT JOIN jobs ON jobs.seq = deliveries.job
    LEFT JOIN events ON events.job = deliveries.job AND events.sequence = deliveries.sequence
    LEFT JOIN batches ON batches.seq = deliveries.batch`;

export function toDeliverySummary(row: DeliveryRow): DeliverySummary {
  return {
    id: toDeliveryId(row.key),
    jobId: row.job_id,
    batchId: row.batch_id,
    webhookId: row.webhook_id,
    url: row.url,
    sequence: row.sequence,
    kind: row.kind,
    state: row.state,
    dueAt: row.due_at,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    attempts: row.attempts,
    reason: row.reason,
    payloadsRemovedAt: row.payloads_removed_at,
    health: toHealth(row),
  };
}

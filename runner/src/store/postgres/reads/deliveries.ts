import type { DeliveryState } from "../../../domain/delivery.ts";
import type { AttemptRecord, DeliveryFilter } from "../../../ports/store/deliveries.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { HEALTH_COLUMNS } from "../../shared/destination-health.ts";
import { toDeliverySummary, type DeliveryRow } from "../../shared/delivery-summary.ts";
import { parseDeliveryId, parseDestinationId } from "../../shared/rows.ts";
import type { Query } from "../reader.ts";
import {
  equals,
  exactLead,
  NOTHING,
  scanList,
  type Filter,
  type Lead,
  type List,
} from "./list-scan.ts";

const LIST: List = { table: "deliveries", key: ["id"], whole: exactLead("true", [[]]) };

const FIND = `
  SELECT deliveries.id AS key, deliveries.destination, jobs.id AS job_id, batches.id AS batch_id,
    webhooks.id AS webhook_id, url, deliveries.sequence, coalesce(kind, 'batch') AS kind, state,
    due_at, deliveries.created_at, deliveries.ended_at, attempts, reason,
    coalesce(jobs.payloads_removed_at, batches.payloads_removed_at) AS payloads_removed_at,
    ${HEALTH_COLUMNS}
  FROM deliveries
    JOIN destinations ON destinations.id = deliveries.destination
    JOIN webhooks ON webhooks.seq = deliveries.webhook
    LEFT JOIN jobs ON jobs.seq = deliveries.job
    LEFT JOIN events ON events.job = deliveries.job AND events.sequence = deliveries.sequence
    LEFT JOIN batches ON batches.seq = deliveries.batch
  WHERE deliveries.id = ANY ($1::bigint[])`;

export function createReadDeliveries(query: Query): StoreReads["deliveries"] {
  return async (filter, page) => {
    const filters = await toFilters(query, filter);
    const { items: keys, nextCursor } = await scanList(query, LIST, { filters, page });
    const rows = await query<DeliveryRow>(FIND, [keys]);
    const rowOf = new Map(rows.map((row) => [row.key, row]));
    const items = keys.flatMap((key) => {
      const row = rowOf.get(key);
      // Undefined if the delivery was deleted meanwhile.
      return row === undefined ? [] : [toDeliverySummary(row)];
    });
    return { items, nextCursor };
  };
}

export function createReadDelivery(query: Query): StoreReads["delivery"] {
  return async (id) => {
    const key = parseDeliveryId(id);
    if (key === null) return null;
    const [[row], log] = await Promise.all([
      query<DeliveryRow>(FIND, [[key]]),
      query<AttemptRecord>(
        `SELECT number, at, duration_ms AS "durationMs", status, response, error
         FROM attempts WHERE delivery = $1 ORDER BY number`,
        [key],
      ),
    ]);
    if (row === undefined) return null;
    return { ...toDeliverySummary(row), destination: row.destination, log };
  };
}

async function toFilters(query: Query, filter: DeliveryFilter): Promise<Filter[]> {
  const { jobId, batchId, webhookId, destinationId, state } = filter;
  return [
    // The index has the job's deliveries webhook by webhook.
    ...(jobId === undefined
      ? []
      : [unordered(await keyed(query, { table: "jobs", id: jobId }, "job"))]),
    ...(batchId === undefined
      ? []
      : [await keyed(query, { table: "batches", id: batchId }, "batch")]),
    ...(webhookId === undefined
      ? []
      : [await keyed(query, { table: "webhooks", id: webhookId }, "webhook")]),
    ...(destinationId === undefined ? [] : [ofDestination(destinationId)]),
    ...(state === undefined ? [] : [ofState(state)]),
  ];
}

/** A filter by a row of another table, which is named by its id. */
async function keyed(
  query: Query,
  { table, id }: { table: "jobs" | "batches" | "webhooks"; id: string },
  column: string,
): Promise<Filter> {
  const [row] = await query<{ seq: number }>(`SELECT seq FROM ${table} WHERE id = $1`, [id]);
  return row === undefined ? NOTHING : equals(column, row.seq);
}

function unordered(filter: Filter): Filter {
  return { ...filter, lead: filter.lead && { ...filter.lead, isOrdered: filter === NOTHING } };
}

function ofDestination(id: string): Filter {
  return { condition: "destination = ?::bigint", values: [parseDestinationId(id)], lead: null };
}

function ofState(state: DeliveryState): Filter {
  return { condition: "state = ?", values: [state], lead: leadOf(state) };
}

function leadOf(state: DeliveryState): Lead | null {
  switch (state) {
    case "dead":
      return exactLead("state = 'dead'", [[]]);
    case "due":
    case "waiting":
      return { ...exactLead("state IN ('waiting', 'due')", [[]]), isExact: false };
    case "delivered":
      return null;
  }
}

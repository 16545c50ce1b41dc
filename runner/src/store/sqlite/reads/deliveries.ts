import { setImmediate } from "node:timers/promises";
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryFilter } from "../../../ports/store/deliveries.ts";
import type { DeliveryState } from "../../../domain/delivery.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { parseDestinationId } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import {
  SELECT_DELIVERIES,
  toDeliverySummary,
  type DeliveryRow,
} from "../../shared/delivery-summary.ts";
import { createListScan, equals, exactLead, NOTHING, type Filter, type Lead } from "./list-scan.ts";

/** Rows read before the event loop runs again: about 2 ms. */
const ROWS_PER_SLICE = 100;

export function prepareReadDeliveries(db: DatabaseSync): StoreReads["deliveries"] {
  const scan = createListScan(db, {
    table: "deliveries",
    key: ["id"],
    whole: { index: null, condition: "1", alternatives: [[]], isOrdered: true, isExact: true },
  });
  const toFilters = prepareToFilters(db);
  const find = prepare<DeliveryRow>(db, `${SELECT_DELIVERIES} WHERE deliveries.id = ?`);
  return async (filter, page) => {
    const { items: keys, nextCursor } = await scan(toFilters(filter), page);
    const items = [];
    for (const [index, key] of keys.entries()) {
      if (index > 0 && index % ROWS_PER_SLICE === 0) await setImmediate();
      const row = find.get(key);
      // Undefined if the delivery was deleted meanwhile.
      if (row !== undefined) items.push(toDeliverySummary(row));
    }
    return { items, nextCursor };
  };
}

function prepareToFilters(db: DatabaseSync) {
  const findKey = (table: string) =>
    prepare<{ seq: number }>(db, `SELECT seq FROM ${table} WHERE id = ?`);
  const findJob = findKey("jobs");
  const findBatch = findKey("batches");
  const findWebhook = findKey("webhooks");

  function ofJob(id: string): Filter {
    const job = findJob.get(id)?.seq;
    if (job === undefined) return NOTHING;
    const filter = equals("job", job, "deliveries_by_ordering_key");
    // The index has the job's deliveries webhook by webhook.
    return { ...filter, lead: filter.lead && { ...filter.lead, isOrdered: false } };
  }

  function of(column: string, key: number | undefined, index: string): Filter {
    return key === undefined ? NOTHING : equals(column, key, index);
  }

  return ({ jobId, batchId, webhookId, destinationId, state }: DeliveryFilter): Filter[] => [
    ...(jobId === undefined ? [] : [ofJob(jobId)]),
    ...(batchId === undefined
      ? []
      : [of("batch", findBatch.get(batchId)?.seq, "deliveries_by_batch")]),
    ...(webhookId === undefined
      ? []
      : [of("webhook", findWebhook.get(webhookId)?.seq, "deliveries_by_webhook")]),
    ...(destinationId === undefined ? [] : [ofDestination(destinationId)]),
    ...(state === undefined ? [] : [ofState(state)]),
  ];
}

function ofDestination(id: string): Filter {
  return { condition: "destination = ?", values: [parseDestinationId(id)], lead: null };
}

function ofState(state: DeliveryState): Filter {
  return { condition: "state = ?", values: [state], lead: leadOf(state) };
}

function leadOf(state: DeliveryState): Lead | null {
  switch (state) {
    case "dead":
      return exactLead("deliveries_given_up", "state = 'dead'", [[]]);
    case "due":
    case "waiting":
      return {
        ...exactLead("deliveries_open", "(state = 'waiting' OR state = 'due')", [[]]),
        isExact: false,
      };
    case "delivered":
      return null;
  }
}

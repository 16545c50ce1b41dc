import { jsonObject, toJsonText, type JsonText } from "../../domain/json-text.ts";
import { eventId } from "../../domain/delivery.ts";
import type {
  AttemptRecord,
  DeliverySummary as StoredDelivery,
} from "../../ports/store/deliveries.ts";
import type { Engine } from "../../engine/engine.ts";
import { heldView } from "./destination.ts";
import type { Delivery, DeliverySummary } from "../contract/deliveries.ts";
import { instantText, jsonFields } from "./json-fields.ts";

const NOT_HELD = heldView({ lastError: null }, null);

function summaryFields(
  delivery: StoredDelivery,
  holdOf: Engine["holdOf"],
): Record<keyof DeliverySummary, JsonText> {
  const { sequence, health } = delivery;
  const held = delivery.endedAt === null ? heldView(health, holdOf(health)) : NOT_HELD;
  return {
    deliveryId: toJsonText(delivery.id),
    eventId: toJsonText(eventId({ subjectId: delivery.batchId ?? delivery.jobId ?? "", sequence })),
    jobId: toJsonText(delivery.jobId),
    batchId: toJsonText(delivery.batchId),
    webhookId: toJsonText(delivery.webhookId),
    url: toJsonText(delivery.url),
    sequence: toJsonText(sequence),
    event: toJsonText(delivery.kind),
    state: toJsonText(delivery.state),
    dueAt: instantText(delivery.dueAt),
    createdAt: instantText(delivery.createdAt),
    endedAt: instantText(delivery.endedAt),
    attemptCount: toJsonText(delivery.attempts),
    reason: toJsonText(delivery.reason),
    payloadsRemovedAt: instantText(delivery.payloadsRemovedAt),
    waitingFor: toJsonText(held.waitingFor),
    heldUntil: toJsonText(held.heldUntil),
    lastError: toJsonText(held.lastError),
  };
}

export function deliverySummaryText(delivery: StoredDelivery, holdOf: Engine["holdOf"]): JsonText {
  return jsonObject(summaryFields(delivery, holdOf));
}

export function deliveryText(
  delivery: StoredDelivery & { readonly log: readonly AttemptRecord[] },
  holdOf: Engine["holdOf"],
): JsonText {
  const attempts = delivery.log.map(({ number, at, durationMs, status, response, error }) => ({
    number,
    at: new Date(at).toISOString(),
    durationMs,
    status,
    response,
    error,
  }));
  return jsonFields<Delivery>({
    ...summaryFields(delivery, holdOf),
    attempts: toJsonText(attempts),
  });
}

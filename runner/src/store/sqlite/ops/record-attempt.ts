import type { DatabaseSync } from "node:sqlite";
import { tooOldReason } from "../../../domain/delivery-age.ts";
import type { DeliveryState } from "../../../domain/delivery.ts";
import type { AttemptOutcome } from "../../../ports/store/deliveries.ts";
import type { Operations } from "../change.ts";
import type { HealthColumns } from "../../shared/decide-health.ts";
import type { WebhookColumns } from "../../shared/decide-webhook-health.ts";
import { openRoom, type HandOverRoom } from "../../shared/hand-over.ts";
import { parseDeliveryId } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";
import { prepareHandOverNext } from "./hand-over-next.ts";
import { prepareIdleSpans } from "./idle-spans.ts";
import { prepareOrderingKey } from "./ordering-key.ts";
import { prepareRecordHealth } from "./record-health.ts";
import { prepareRecordWebhookHealth } from "./record-webhook-health.ts";

interface DeliveryRow extends HealthColumns, WebhookColumns {
  readonly id: number;
  readonly job: number | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** The instant from which its age counts. */
  readonly from_at: number;
  readonly fence: number;
  readonly lease_owner: string | null;
}

export function prepareRecordAttempt(db: DatabaseSync): Operations["recordAttempt"] {
  const find = prepare<DeliveryRow>(
    db,
    `SELECT deliveries.id, job, deliveries.webhook, destination, deliveries.state, attempts,
       fence, lease_owner, persistent_webhooks.webhook IS NOT NULL AS is_persistent, failing_since, key,
       failures, paused_until, held_since, probe, coalesce(revived_at, deliveries.created_at) AS from_at
     FROM deliveries
       CROSS JOIN destinations ON destinations.id = destination
       LEFT JOIN persistent_webhooks ON persistent_webhooks.webhook = deliveries.webhook
     WHERE deliveries.id = ?`,
  );
  const insertAttempt = prepare(
    db,
    `INSERT INTO attempts (delivery, number, at, duration_ms, status, error, response)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const count = prepare(
    db,
    `UPDATE deliveries SET attempts = ?, lease_owner = NULL, lease_until = NULL WHERE id = ?`,
  );
  const move = prepareMove(db);
  const recordHealth = prepareRecordHealth(db);
  const recordWebhookHealth = prepareRecordWebhookHealth(db);
  const whyTooOld = prepareWhyTooOld(db);

  return (given, handOver) => {
    const { deliveryId, attempt } = given;
    const key = parseDeliveryId(deliveryId);
    const delivery = key === null ? undefined : find.get(key);
    if (delivery === undefined || delivery.fence !== given.fence) return "lost";
    if (delivery.lease_owner !== given.owner) {
      // Stored already under this claim, by a call whose reply was lost.
      const isStored = delivery.lease_owner === null && attempt.number <= delivery.attempts;
      return isStored ? null : "lost";
    }
    const { number, at, durationMs, status, error, response } = attempt;
    insertAttempt.run(delivery.id, number, at, durationMs, status, error, response);
    const tooOld = whyTooOld(delivery, given);
    const outcome: AttemptOutcome =
      tooOld === null ? given : { ...given, state: "dead", dueAt: null, reason: tooOld };
    // It was given up, or put behind another, while in flight: only a success changes its state.
    // After a failure, the destination can be paused and the webhook switched off below.
    const isGood = outcome.state === "delivered" && outcome.destinationOutcome.kind !== "failed";
    const room = handOver && isGood ? openRoom(handOver) : null;
    if (delivery.state !== "due" && outcome.state !== "delivered") count.run(number, delivery.id);
    else move(delivery, outcome, room);
    const destination = recordHealth(delivery, outcome);
    const webhook = recordWebhookHealth(delivery, outcome);
    const isNothing = destination === null && tooOld === null && webhook === null;
    if (room === null) return isNothing ? null : { destination, tooOld, webhook };
    return { destination, tooOld, webhook, handedOver: room.result() };
  };
}

/** Returns why a delivery that was to be retried is too old for it, or null. */
function prepareWhyTooOld(db: DatabaseSync) {
  const idleSpans = prepareIdleSpans(db);
  return (
    { from_at: from, destination, state }: DeliveryRow,
    { dueAt, maxAgeMs, attempt }: AttemptOutcome,
  ): string | null => {
    if (state !== "due" || dueAt === null || dueAt - from < maxAgeMs) return null;
    const isTooOld = idleSpans.activeMs(destination, from, dueAt) >= maxAgeMs;
    return isTooOld ? tooOldReason(maxAgeMs, attempt.number) : null;
  };
}

function prepareMove(db: DatabaseSync) {
  const update = prepare(
    db,
    `UPDATE deliveries SET state = ?, due_at = ?, ended_at = ?, attempts = ?, retries_used = ?,
       reason = ?, lease_owner = NULL, lease_until = NULL
     WHERE id = ?`,
  );
  const destinations = prepareDestinations(db);
  const orderingKey = prepareOrderingKey(db);
  const handOverNext = prepareHandOverNext(db);

  return (delivery: DeliveryRow, outcome: AttemptOutcome, room: HandOverRoom | null): void => {
    const { id, job, webhook, destination } = delivery;
    const { attempt, retriesUsed, reason } = outcome;
    const { number, at, durationMs } = attempt;
    const dueAt = outcome.state === "due" ? (outcome.dueAt ?? at) : null;
    const endedAt = dueAt === null ? Math.floor(at + durationMs) : null;
    const waits = dueAt !== null && orderingKey.hasOpenPredecessor(delivery);
    const state = waits ? "waiting" : outcome.state;
    update.run(state, waits ? null : dueAt, endedAt, number, retriesUsed, reason, id);
    if (dueAt !== null && !waits) destinations.lowerReadyAt(destination, dueAt);
    // Due from the attempt's start, so that it can be claimed even if the clock has not moved
    // since.
    if (endedAt === null || job === null) return;
    const ended = { job, webhook, destination };
    if (room === null || !handOverNext(ended, at, room)) orderingKey.promote(ended, at);
  };
}

import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../../domain/delivery.ts";
import type { AttemptOutcome } from "../../../ports/store/deliveries.ts";
import type { Operations } from "../change.ts";
import { parseDeliveryId } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";
import { prepareOrderingKey } from "./ordering-key.ts";

interface DeliveryRow {
  readonly id: number;
  readonly job: number | null;
  readonly webhook: number;
  readonly destination: number;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly lease_owner: string | null;
  readonly is_persistent: 0 | 1;
  readonly failing_since: number | null;
}

export function prepareRecordAttempt(db: DatabaseSync): Operations["recordAttempt"] {
  const find = prepare<DeliveryRow>(
    db,
    `SELECT id, job, deliveries.webhook, destination, deliveries.state, attempts, lease_owner,
       persistent_webhooks.webhook IS NOT NULL AS is_persistent, failing_since
     FROM deliveries
       LEFT JOIN persistent_webhooks ON persistent_webhooks.webhook = deliveries.webhook
     WHERE id = ?`,
  );
  const insertAttempt = prepare(
    db,
    `INSERT INTO attempts (delivery, number, at, duration_ms, status, error, response)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const count = prepare(db, `UPDATE deliveries SET attempts = ? WHERE id = ?`);
  const setFailing = prepare(
    db,
    `UPDATE persistent_webhooks SET failing_since = ? WHERE webhook = ?`,
  );
  const move = prepareMove(db);

  return (outcome) => {
    const { deliveryId, attempt, succeeded } = outcome;
    const key = parseDeliveryId(deliveryId);
    const delivery = key === null ? undefined : find.get(key);
    if (delivery === undefined) return;
    // Kept before, by a call whose acknowledgement was lost, or by one whose lease had run out.
    if (attempt.number <= delivery.attempts || delivery.state === "delivered") return;
    const { number, at, durationMs, status, error, response } = attempt;
    insertAttempt.run(delivery.id, number, at, durationMs, status, error, response);
    // Since when a persistent webhook takes nothing.
    const isFailing = delivery.failing_since !== null;
    if (succeeded !== null && delivery.is_persistent === 1 && succeeded === isFailing) {
      setFailing.run(succeeded ? null : at, delivery.webhook);
    }
    // It was given up, or put behind another, while it was in flight: only a success counts.
    if (delivery.state !== "due" && outcome.state !== "delivered") count.run(number, delivery.id);
    else move(delivery, outcome);
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

  return (delivery: DeliveryRow, outcome: AttemptOutcome): void => {
    const { id, job, webhook, destination } = delivery;
    const { attempt, retriesUsed, reason } = outcome;
    const { number, at, durationMs } = attempt;
    const dueAt = outcome.state === "due" ? (outcome.dueAt ?? at) : null;
    const endedAt = dueAt === null ? Math.floor(at + durationMs) : null;
    const waits = dueAt !== null && orderingKey.isBehind(delivery);
    const state = waits ? "waiting" : outcome.state;
    update.run(state, waits ? null : dueAt, endedAt, number, retriesUsed, reason, id);
    // A lease that had run out: the destination counted this delivery among those to be claimed.
    if (delivery.lease_owner === null) destinations.refresh(destination);
    else if (dueAt !== null && !waits) destinations.readyFrom(destination, dueAt);
    // Due since the attempt began, so "at once" holds for a clock that has not moved on as well.
    if (endedAt !== null && job !== null) orderingKey.promote({ job, webhook, destination }, at);
  };
}

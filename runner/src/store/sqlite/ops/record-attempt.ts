import type { DatabaseSync } from "node:sqlite";
import { Defect } from "../../../domain/errors.ts";
import type { Operations } from "../change.ts";
import { parseDeliveryId } from "../rows.ts";
import { prepare } from "../statement.ts";

interface DeliveryRow {
  readonly job: number;
  readonly webhook: number;
  readonly state: string;
  readonly attempts: number;
}

export function prepareRecordAttempt(db: DatabaseSync): Operations["recordAttempt"] {
  const find = prepare<DeliveryRow>(
    db,
    `SELECT job, webhook, state, attempts FROM deliveries WHERE id = ?`,
  );
  const insertAttempt = prepare(
    db,
    `INSERT INTO attempts (delivery, number, at, duration_ms, status, error, response)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = prepare(
    db,
    `UPDATE deliveries SET state = ?, due_at = ?, ended_at = ?, attempts = ?, retries_used = ?,
       reason = ?, lease_owner = NULL, lease_until = NULL
     WHERE id = ?`,
  );
  const promoteNext = prepare(
    db,
    `UPDATE deliveries SET state = 'due', due_at = ?
     WHERE state = 'waiting' AND id = (
       SELECT id FROM deliveries WHERE job = ? AND webhook = ? AND id > ? ORDER BY id LIMIT 1
     )`,
  );

  return ({ deliveryId, attempt, state, dueAt, retriesUsed, reason }) => {
    const id = parseDeliveryId(deliveryId);
    const delivery = id === null ? undefined : find.get(id);
    if (id === null || delivery === undefined) {
      throw new Defect("DELIVERY_UNKNOWN", `No delivery has the id ${deliveryId}.`);
    }
    // Kept before, by a call whose acknowledgement was lost, or by one whose lease had run out.
    if (delivery.state !== "due" || attempt.number <= delivery.attempts) return;
    const { number, at, durationMs, status, error, response } = attempt;
    insertAttempt.run(id, number, at, durationMs, status, error, response);
    const endedAt = state === "due" ? null : Math.floor(at + durationMs);
    update.run(state, state === "due" ? dueAt : null, endedAt, number, retriesUsed, reason, id);
    // Due since the attempt began, so "at once" holds for a clock that has not moved on as well.
    if (state !== "due") promoteNext.run(at, delivery.job, delivery.webhook, id);
  };
}

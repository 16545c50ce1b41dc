import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../../domain/delivery.ts";
import type { Operations } from "../change.ts";
import { parseDeliveryId } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareLanes } from "./destinations.ts";
import { prepareLine } from "./ordering-key.ts";

interface DeliveryRow {
  readonly id: number;
  readonly job: number | null;
  readonly webhook: number;
  readonly lane: number;
  readonly state: DeliveryState;
  readonly lease_owner: string | null;
}

export function prepareRedeliver(db: DatabaseSync): Operations["redeliver"] {
  const find = prepare<DeliveryRow>(
    db,
    `SELECT id, job, webhook, lane, state, lease_owner FROM deliveries WHERE id = ?`,
  );
  const hasten = prepare(db, `UPDATE deliveries SET due_at = min(due_at, ?) WHERE id = ?`);
  const restart = prepare(
    db,
    `UPDATE deliveries SET state = 'due', due_at = ?, ended_at = NULL, reason = NULL,
       retries_used = (SELECT retries FROM webhooks WHERE seq = deliveries.webhook)
     WHERE id = ?`,
  );
  const lanes = prepareLanes(db);
  const line = prepareLine(db);

  return (deliveryId, { now }) => {
    const key = parseDeliveryId(deliveryId);
    const delivery = key === null ? undefined : find.get(key);
    if (delivery === undefined || delivery.lease_owner !== null) return false;
    const { id, job, webhook, lane, state } = delivery;
    if (line.isBehind(delivery)) return false;
    if (state === "due") hasten.run(now, id);
    else restart.run(now, id);
    lanes.readyFrom(lane, now);
    lanes.letGo(lane, now);
    if (job !== null) line.arrange({ job, webhook, lane }, now);
    return true;
  };
}

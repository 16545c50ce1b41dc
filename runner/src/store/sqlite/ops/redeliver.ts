import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../../domain/delivery.ts";
import type { Operations } from "../change.ts";
import { HAS_PAYLOAD } from "../../shared/payloads.ts";
import { parseDeliveryId } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";
import { prepareOrderingKey } from "./ordering-key.ts";
import { HAS_STOPPED_WEBHOOK } from "./stopped-webhook.ts";

interface DeliveryRow {
  readonly id: number;
  readonly job: number | null;
  readonly webhook: number;
  readonly destination: number;
  readonly state: DeliveryState;
  readonly lease_owner: string | null;
}

export function prepareRedeliver(db: DatabaseSync): Operations["redeliver"] {
  const find = prepare<DeliveryRow>(
    db,
    `SELECT id, job, webhook, destination, state, lease_owner FROM deliveries
     WHERE id = ? AND NOT ${HAS_STOPPED_WEBHOOK} AND ${HAS_PAYLOAD}`,
  );
  const hasten = prepare(
    db,
    `UPDATE deliveries SET due_at = min(due_at, ?1), revived_at = ?1 WHERE id = ?2`,
  );
  const restart = prepare(
    db,
    `UPDATE deliveries SET state = 'due', due_at = ?1, revived_at = ?1, ended_at = NULL, reason = NULL,
       retries_used = (SELECT retries FROM webhooks WHERE seq = deliveries.webhook)
     WHERE id = ?2`,
  );
  const destinations = prepareDestinations(db);
  const orderingKey = prepareOrderingKey(db);

  return (deliveryId, { now }) => {
    const key = parseDeliveryId(deliveryId);
    const delivery = key === null ? undefined : find.get(key);
    if (delivery === undefined || delivery.lease_owner !== null) return false;
    const { id, job, webhook, destination, state } = delivery;
    if (orderingKey.hasOpenPredecessor(delivery)) return false;
    if (state === "due") hasten.run(now, id);
    else restart.run(now, id);
    destinations.lowerReadyAt(destination, now);
    destinations.resume(destination, now);
    if (job !== null) orderingKey.restoreOrder({ job, webhook, destination }, now);
    return true;
  };
}

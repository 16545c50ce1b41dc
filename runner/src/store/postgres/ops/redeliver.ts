import type { DeliveryState } from "../../../domain/delivery.ts";
import { HAS_PAYLOAD } from "../../shared/payloads.ts";
import { parseDeliveryId } from "../../shared/rows.ts";
import type { Operation } from "../change.ts";
import { resumeDestinations } from "./destinations.ts";
import { hasOpenPredecessor, restoreOrder } from "./ordering-key.ts";
import { HAS_STOPPED_WEBHOOK } from "./stopped-webhook.ts";

interface DeliveryRow {
  readonly id: number;
  readonly job: number | null;
  readonly webhook: number;
  readonly destination: number;
  readonly state: DeliveryState;
  readonly lease_owner: string | null;
}

const HASTEN = `UPDATE deliveries SET due_at = least(due_at, $2), revived_at = $2 WHERE id = $1`;

const RESTART = `UPDATE deliveries SET state = 'due', due_at = $2, revived_at = $2, ended_at = NULL,
    reason = NULL, retries_used = (SELECT retries FROM webhooks WHERE seq = deliveries.webhook)
  WHERE id = $1`;

export const redeliver: Operation<"redeliver"> = async (tx, deliveryId, { now }) => {
  const key = parseDeliveryId(deliveryId);
  if (key === null) return false;
  const [delivery] = await tx.query<DeliveryRow>(
    `SELECT id, job, webhook, destination, state, lease_owner FROM deliveries
     WHERE id = $1 AND NOT ${HAS_STOPPED_WEBHOOK} AND ${HAS_PAYLOAD}`,
    [key],
  );
  if (delivery === undefined || delivery.lease_owner !== null) return false;
  const { id, job, webhook, destination, state } = delivery;
  if (await hasOpenPredecessor(tx, delivery)) return false;
  await tx.query(state === "due" ? HASTEN : RESTART, [id, now]);
  tx.count({ kind: "delivery", state }, -1);
  tx.count({ kind: "delivery", state: "due" }, 1);
  await resumeDestinations(tx, [destination], now);
  if (job !== null) await restoreOrder(tx, { job, webhook }, now);
  return true;
};

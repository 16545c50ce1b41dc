import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { parseDeliveryId } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import { prepareOrderingKey, type FreedDelivery } from "./ordering-key.ts";

export function prepareReleaseDeliveries(db: DatabaseSync): Operations["releaseDeliveries"] {
  const release = prepare<FreedDelivery>(
    db,
    `UPDATE deliveries SET lease_owner = NULL, lease_until = NULL
     WHERE id = ? AND fence = ? AND lease_owner = ?
     RETURNING id, job, webhook, destination, state, due_at`,
  );
  const orderingKey = prepareOrderingKey(db);
  return (claims) => {
    for (const { deliveryId, fence, owner } of claims) {
      const released = release.get(parseDeliveryId(deliveryId), fence, owner);
      if (released !== undefined) orderingKey.requeue(released);
    }
  };
}

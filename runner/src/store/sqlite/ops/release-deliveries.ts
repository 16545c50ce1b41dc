import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { parseDeliveryId } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareOrderingKey, type KeyedDelivery } from "./ordering-key.ts";

export function prepareReleaseDeliveries(db: DatabaseSync): Operations["releaseDeliveries"] {
  const release = prepare<KeyedDelivery & { destination: number; due_at: number }>(
    db,
    `UPDATE deliveries SET lease_owner = NULL, lease_until = NULL
     WHERE id = ? AND lease_owner IS NOT NULL
     RETURNING id, job, webhook, destination, due_at`,
  );
  const orderingKey = prepareOrderingKey(db);
  return (ids) => {
    for (const id of ids) {
      const released = release.get(parseDeliveryId(id));
      if (released !== undefined) orderingKey.requeue(released);
    }
  };
}

import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { parseDeliveryId } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareLanes } from "./lanes.ts";

export function prepareReleaseDeliveries(db: DatabaseSync): Operations["releaseDeliveries"] {
  const release = prepare<{ lane: number; due_at: number }>(
    db,
    `UPDATE deliveries SET lease_owner = NULL, lease_until = NULL
     WHERE id = ? AND lease_owner IS NOT NULL
     RETURNING lane, due_at`,
  );
  const lanes = prepareLanes(db);
  return (ids) => {
    for (const id of ids) {
      const released = release.get(parseDeliveryId(id));
      if (released !== undefined) lanes.readyFrom(released.lane, released.due_at);
    }
  };
}

import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { parseDeliveryId } from "../rows.ts";
import { prepare } from "../statement.ts";

export function prepareReleaseDeliveries(db: DatabaseSync): Operations["releaseDeliveries"] {
  const release = prepare(
    db,
    `UPDATE deliveries SET lease_owner = NULL, lease_until = NULL
     WHERE id = ? AND lease_owner IS NOT NULL`,
  );
  return (ids) => {
    for (const id of ids) release.run(parseDeliveryId(id));
  };
}

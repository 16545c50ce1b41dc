import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

/** One daemon alone has the file, so every other owner is gone, whatever its lease says. */
export function prepareReap(db: DatabaseSync): Operations["reap"] {
  const freeJobs = prepare(
    db,
    `UPDATE jobs SET status = 'queued', fence = fence + 1, lease_owner = NULL, lease_until = NULL
     WHERE status = 'running' AND (lease_owner <> ?1 OR lease_until < ?2)`,
  );
  const freeDeliveries = prepare(
    db,
    `UPDATE deliveries SET lease_owner = NULL, lease_until = NULL
     WHERE lease_owner IS NOT NULL AND (lease_owner <> ?1 OR lease_until < ?2)`,
  );
  return ({ owner, now }) => {
    freeDeliveries.run(owner, now);
    return Number(freeJobs.run(owner, now).changes);
  };
}

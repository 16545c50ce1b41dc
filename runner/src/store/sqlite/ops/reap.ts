import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareOrderingKey, type Standing } from "./ordering-key.ts";
import { FREED } from "./release-jobs.ts";

/** One daemon alone has the file, so every other owner is gone, whatever its lease says. */
export function prepareReap(db: DatabaseSync): Operations["reap"] {
  const freeJobs = prepare(
    db,
    `UPDATE jobs SET status = 'queued', fence = fence + 1, ${FREED}
     WHERE status = 'running' AND (lease_owner <> ?1 OR lease_until < ?2)`,
  );
  const freeDeliveries = prepare<Standing & { destination: number; due_at: number }>(
    db,
    `UPDATE deliveries SET lease_owner = NULL, lease_until = NULL
     WHERE lease_owner IS NOT NULL AND (lease_owner <> ?1 OR lease_until < ?2)
     RETURNING id, job, webhook, destination, due_at`,
  );
  const orderingKey = prepareOrderingKey(db);
  return ({ owner, now }) => {
    for (const freed of freeDeliveries.all(owner, now)) orderingKey.takeBack(freed);
    return Number(freeJobs.run(owner, now).changes);
  };
}

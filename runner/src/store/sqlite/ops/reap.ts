import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareOrderingKey, type KeyedDelivery } from "./ordering-key.ts";
import { FREED } from "./release-jobs.ts";

/** Only one daemon has the file open, so every other owner has stopped, whatever its lease. */
export function prepareReap(db: DatabaseSync): Operations["reap"] {
  const freeJobs = prepare(
    db,
    `UPDATE jobs SET status = 'queued', fence = fence + 1, ${FREED}
     WHERE status = 'running' AND (lease_owner <> ?1 OR lease_until < ?2)`,
  );
  const freeDeliveries = prepare<KeyedDelivery & { destination: number; due_at: number }>(
    db,
    `UPDATE deliveries SET lease_owner = NULL, lease_until = NULL
     WHERE lease_owner IS NOT NULL AND (lease_owner <> ?1 OR lease_until < ?2)
     RETURNING id, job, webhook, destination, due_at`,
  );
  const orderingKey = prepareOrderingKey(db);
  return ({ owner, now }) => {
    for (const freed of freeDeliveries.all(owner, now)) orderingKey.requeue(freed);
    return Number(freeJobs.run(owner, now).changes);
  };
}

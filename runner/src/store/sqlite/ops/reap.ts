import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareOrderingKey, type FreedDelivery } from "./ordering-key.ts";
import { FREED } from "./release-jobs.ts";

/** The states of limits that one call removes, so that no transaction takes long. */
const MAX_IDLE_STATES = 1_000;

/**
 * If only one daemon has the file open, every other owner has stopped, whatever its lease. Else one has
 * stopped that gave no sign of life in time; one that never gave any keeps its leases.
 */
export function prepareReap(
  db: DatabaseSync,
  { exclusive }: { exclusive: boolean },
): Operations["reap"] {
  const gone = exclusive ? `owner <> ?1` : `owner <> ?1 AND until < ?2`;
  const lapsed = exclusive
    ? `(lease_owner <> ?1 OR lease_until < ?2)`
    : `(lease_until < ?2 OR lease_owner IN (SELECT owner FROM daemons WHERE ${gone}))`;
  const freeJobs = prepare(
    db,
    `UPDATE jobs SET status = 'queued', fence = fence + 1, ${FREED}
     WHERE status = 'running' AND ${lapsed}`,
  );
  const freeDeliveries = prepare<FreedDelivery>(
    db,
    `UPDATE deliveries SET lease_owner = NULL, lease_until = NULL
     WHERE lease_owner IS NOT NULL AND ${lapsed}
     RETURNING id, job, webhook, destination, state, due_at`,
  );
  const freeBulkActs = prepare(
    db,
    `UPDATE bulk_acts SET lease_owner = NULL, lease_until = NULL
     WHERE state = 'running' AND lease_owner IS NOT NULL AND ${lapsed}`,
  );
  const forgetLimitStates = prepare(
    db,
    `DELETE FROM limit_states WHERE (limit_name, is_key, limit_key) IN (
       SELECT limit_name, is_key, limit_key FROM limit_states INDEXED BY limit_states_idle
       WHERE in_turn = 0 AND wake_at IS NULL AND paused_at IS NULL AND arrival <= ?
       ORDER BY arrival LIMIT ${MAX_IDLE_STATES}
     )`,
  );
  const forget = prepare(db, `DELETE FROM daemons WHERE ${gone}`);
  const orderingKey = prepareOrderingKey(db);
  return ({ owner, now }) => {
    for (const freed of freeDeliveries.all(owner, now)) orderingKey.requeue(freed);
    const jobs = Number(freeJobs.run(owner, now).changes);
    freeBulkActs.run(owner, now);
    forgetLimitStates.run(now);
    forget.run(...(exclusive ? [owner] : [owner, now]));
    return jobs;
  };
}

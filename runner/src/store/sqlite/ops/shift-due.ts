import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { EARLIEST_DUE_AT } from "./destinations.ts";

export function prepareShiftDue(db: DatabaseSync): Operations["shiftDue"] {
  const shiftAll = [
    ["deliveries_first", "state = 'due' AND lease_owner IS NULL AND attempts = 0"],
    ["deliveries_retries", "state = 'due' AND lease_owner IS NULL AND attempts > 0"],
    // Those in flight too, so that they are due immediately when they are released.
    ["deliveries_leased", "lease_owner IS NOT NULL"],
  ].map(([index, condition]) =>
    prepare(
      db,
      `UPDATE deliveries INDEXED BY ${index} SET due_at = due_at + ?2
       WHERE ${condition} AND due_at > ?1`,
    ),
  );
  // Idle destinations too: the instant they were last served is one of the old clock.
  const shiftDestinations = prepare(
    db,
    `UPDATE destinations SET ready_at = ${EARLIEST_DUE_AT},
       paused_until = iif(paused_until > ?1, paused_until + ?2, paused_until),
       held_since = iif(held_since > ?1, held_since + ?2, held_since),
       refilled_at = iif(refilled_at > ?1, refilled_at + ?2, refilled_at)`,
  );
  const shiftWaits = prepare(
    db,
    `UPDATE jobs INDEXED BY jobs_waiting_longest SET waiting_since = waiting_since + ?2
     WHERE waiting_since > ?1`,
  );
  return ({ now, byMs }) => {
    shiftWaits.run(now, byMs);
    for (const shift of shiftAll) shift.run(now, byMs);
    shiftDestinations.run(now, byMs);
  };
}

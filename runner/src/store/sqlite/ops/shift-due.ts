import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { LEAST_DUE_AT } from "./destinations.ts";

export function prepareShiftDue(db: DatabaseSync): Operations["shiftDue"] {
  const shiftAll = [
    ["deliveries_first", "state = 'due' AND lease_owner IS NULL AND attempts = 0"],
    ["deliveries_retries", "state = 'due' AND lease_owner IS NULL AND attempts > 0"],
    // Those in flight as well: given back, they are due at once.
    ["deliveries_leased", "lease_owner IS NOT NULL"],
  ].map(([index, condition]) =>
    prepare(
      db,
      `UPDATE deliveries INDEXED BY ${index} SET due_at = due_at + ?2
       WHERE ${condition} AND due_at > ?1`,
    ),
  );
  // Idle lanes too: their last turn was by the old clock.
  const shiftLanes = prepare(
    db,
    `UPDATE lanes SET ready_at = ${LEAST_DUE_AT},
       hold_until = iif(hold_until > ?1, hold_until + ?2, hold_until)`,
  );
  return ({ now, byMs }) => {
    for (const shift of shiftAll) shift.run(now, byMs);
    shiftLanes.run(now, byMs);
  };
}

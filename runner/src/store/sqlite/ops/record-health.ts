import type { DatabaseSync } from "node:sqlite";
import type { AttemptOutcome, DestinationChange } from "../../../ports/store/deliveries.ts";
import { decideHealth, type HealthColumns } from "../../shared/decide-health.ts";
import { prepare } from "../statement.ts";

/** Changes the destination as the attempt says. A success of one that does not fail writes nothing. */
export function prepareRecordHealth(
  db: DatabaseSync,
): (
  row: HealthColumns & { readonly id: number },
  outcome: AttemptOutcome,
) => DestinationChange | null {
  const update = prepare(
    db,
    `UPDATE destinations SET failures = ?, paused_until = ?, held_since = ?, last_error = ?,
       probe = ? WHERE id = ?`,
  );
  const endProbe = prepare(
    db,
    `UPDATE destinations SET paused_until = ?, probe = NULL WHERE id = ?`,
  );

  return (row, outcome) => {
    const decision = decideHealth(row, outcome);
    switch (decision?.kind) {
      case undefined:
        return null;
      case "end-probe":
        endProbe.run(decision.pausedUntil, row.destination);
        return null;
      case "change": {
        const { after, heldSince, lastError, probe, change } = decision;
        const { failuresInRow, pausedUntil } = after;
        update.run(failuresInRow, pausedUntil, heldSince, lastError, probe, row.destination);
        return change;
      }
    }
  };
}

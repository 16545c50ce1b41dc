import type { AttemptOutcome, DestinationChange } from "../../../ports/store/deliveries.ts";
import { decideHealth, type HealthColumns } from "../../shared/decide-health.ts";
import type { Transaction } from "../transaction.ts";

/**
 * Changes the destination as the attempt says. A success of one that does not fail writes nothing. The
 * row was locked before it was read, unless nothing has to be written.
 */
export async function recordHealth(
  tx: Transaction,
  row: HealthColumns & { readonly id: number },
  outcome: AttemptOutcome,
): Promise<DestinationChange | null> {
  const { destination } = row;
  const decision = decideHealth(row, outcome);
  switch (decision?.kind) {
    case undefined:
      return null;
    case "end-probe":
      await tx.query(`UPDATE destinations SET paused_until = $2, probe = NULL WHERE id = $1`, [
        destination,
        decision.pausedUntil,
      ]);
      return null;
    case "change": {
      const { after, heldSince, lastError, probe, change } = decision;
      await tx.query(
        `UPDATE destinations SET failures = $2, paused_until = $3, held_since = $4,
           last_error = $5, probe = $6 WHERE id = $1`,
        [destination, after.failuresInRow, after.pausedUntil, heldSince, lastError, probe],
      );
      return change;
    }
  }
}

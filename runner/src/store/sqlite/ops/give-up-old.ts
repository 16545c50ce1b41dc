import type { DatabaseSync } from "node:sqlite";
import { tooOldReason } from "../../../domain/delivery-age.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";
import { prepareIdleSpans } from "./idle-spans.ts";
import { prepareOrderingKey } from "./ordering-key.ts";

interface OldRow {
  readonly id: number;
  readonly job: number | null;
  readonly webhook: number;
  readonly attempts: number;
  readonly from_at: number;
}

/** Retries of one destination that one call reads: they are in the order of their due time, not of age. */
const RETRIES_PER_CALL = 1_000;

export function prepareGiveUpOld(db: DatabaseSync): Operations["giveUpOldDeliveries"] {
  // Stopped destinations have no `wake_at`. Of the others only one that is late can have old deliveries.
  const findLate = prepare<{ id: number }>(
    db,
    `SELECT id FROM destinations INDEXED BY destinations_ready
     WHERE ready_at IS NOT NULL AND wake_at IS NOT NULL
       AND (ready_at <= ?1 OR (failures > 0 AND ready_at <= ?2))`,
  );
  const findFirstAttempts = prepare<OldRow>(
    db,
    `SELECT id, job, webhook, attempts, coalesce(revived_at, created_at) AS from_at
     FROM deliveries INDEXED BY deliveries_first
     WHERE destination = ? AND state = 'due' AND lease_owner IS NULL AND attempts = 0 AND due_at <= ?
     ORDER BY due_at LIMIT ?`,
  );
  const findRetries = prepare<OldRow>(
    db,
    `SELECT id, job, webhook, attempts, coalesce(revived_at, created_at) AS from_at
     FROM deliveries INDEXED BY deliveries_retries
     WHERE destination = ? AND state = 'due' AND lease_owner IS NULL AND attempts > 0 AND due_at <= ?
     ORDER BY due_at LIMIT ${RETRIES_PER_CALL}`,
  );
  const end = prepare(
    db,
    `UPDATE deliveries SET state = 'dead', due_at = NULL, ended_at = ?, reason = ? WHERE id = ?`,
  );
  const idleSpans = prepareIdleSpans(db);
  const orderingKey = prepareOrderingKey(db);
  const destinations = prepareDestinations(db);

  return ({ now, maxAgeMs, limit }) => {
    const cutoff = now - maxAgeMs;
    let givenUp = 0;

    function giveUpIfOld(destination: number, row: OldRow): boolean {
      const { id, job, webhook, attempts, from_at: from } = row;
      if (from > cutoff || idleSpans.activeMs(destination, from, now) < maxAgeMs) return false;
      end.run(now, tooOldReason(maxAgeMs, attempts), id);
      // Due since its predecessor's event, so that the next call finds it if it is too old as well.
      if (job !== null) orderingKey.promote({ job, webhook, destination }, from);
      givenUp += 1;
      return true;
    }

    for (const { id: destination } of findLate.all(cutoff, now)) {
      const before = givenUp;
      // They are nearly in the order of age: behind one that is young enough, the others are too.
      for (const row of findFirstAttempts.all(destination, cutoff, limit - givenUp)) {
        if (!giveUpIfOld(destination, row)) break;
      }
      for (const row of findRetries.all(destination, now)) {
        if (givenUp >= limit) break;
        giveUpIfOld(destination, row);
      }
      if (givenUp > before) destinations.recomputeReadyAt(destination);
      if (givenUp >= limit) break;
    }
    return givenUp;
  };
}

import { tooOldReason } from "../../../domain/delivery-age.ts";
import type { Operation } from "../change.ts";
import { DUE_DESTINATIONS, JOIN_DESTINATION, READY_AT } from "../due-destinations.ts";
import { readActiveMs } from "./idle-spans.ts";
import { promote } from "./ordering-key.ts";

interface OldRow {
  readonly id: number;
  readonly job: number | null;
  readonly webhook: number;
  readonly attempts: number;
  readonly from_at: number;
}

/** Retries of one destination that one call reads: they are in the order of their due time, not of age. */
const RETRIES_PER_CALL = 1_000;

/** Of the destinations that are not stopped, only one that is late can have old deliveries. */
const FIND_LATE = `${DUE_DESTINATIONS}
  SELECT id FROM (SELECT destination, ${READY_AT} AS ready_at FROM due) AS ready
    ${JOIN_DESTINATION}
  WHERE NOT stopped AND (ready_at <= $1 OR (failures > 0 AND ready_at <= $2))
  ORDER BY id`;

const findDue = (kind: 0 | 1): string => `
  SELECT id, job, webhook, attempts, coalesce(revived_at, created_at) AS from_at FROM deliveries
  WHERE destination = $1 AND state = 'due' AND lease_owner IS NULL AND least(attempts, 1) = ${kind}
    AND due_at <= $2
  ORDER BY due_at, id LIMIT $3`;

export const giveUpOldDeliveries: Operation<"giveUpOldDeliveries"> = async (
  tx,
  { now, maxAgeMs, limit },
) => {
  const cutoff = now - maxAgeMs;
  let givenUp = 0;

  async function giveUpIfOld(destination: number, row: OldRow): Promise<boolean> {
    const { id, job, webhook, attempts, from_at: from } = row;
    if (from > cutoff) return false;
    if ((await readActiveMs(tx, { destination, from, until: now })) < maxAgeMs) return false;
    await tx.query(
      `UPDATE deliveries SET state = 'dead', due_at = NULL, ended_at = $2, reason = $3 WHERE id = $1`,
      [id, now, tooOldReason(maxAgeMs, attempts)],
    );
    tx.count({ kind: "delivery", state: "due" }, -1);
    tx.count({ kind: "delivery", state: "dead" }, 1);
    // Due since its predecessor's event, so that the next call finds it if it is too old as well.
    if (job !== null) await promote(tx, { job, webhook }, from);
    givenUp += 1;
    return true;
  }

  const late = await tx.query<{ id: number }>(FIND_LATE, [cutoff, now]);
  for (const { id: destination } of late) {
    const firstAttempts = await tx.query<OldRow>(findDue(0), [
      destination,
      cutoff,
      limit - givenUp,
    ]);
    // They are nearly in the order of age: behind one that is young enough, the others are too.
    for (const row of firstAttempts) if (!(await giveUpIfOld(destination, row))) break;
    const retries = await tx.query<OldRow>(findDue(1), [destination, now, RETRIES_PER_CALL]);
    for (const row of retries) {
      if (givenUp >= limit) break;
      await giveUpIfOld(destination, row);
    }
    if (givenUp >= limit) break;
  }
  return givenUp;
};

import type { DatabaseSync } from "node:sqlite";
import { takeTokens } from "../../../domain/destination.ts";
import { prepare } from "../statement.ts";
import { EARLIEST_DUE_AT } from "./destinations.ts";
import type { Limits, Share } from "./find-due.ts";

/** Stores that a destination was served, and when it can be served again. */
export function prepareSetServed(
  db: DatabaseSync,
): (
  share: Share,
  claim: { claimed: ReadonlySet<number>; now: number; leaseUntil: number },
) => void {
  const serve = prepare(
    db,
    `UPDATE destinations SET paused_until = ?, served = ?, ready_at = ${EARLIEST_DUE_AT} WHERE id = ?`,
  );
  const serveLimited = prepare(
    db,
    `UPDATE destinations SET tokens = ?, refilled_at = ?, probe = ?, paused_until = ?, served = ?,
       held_since = iif(?, held_since, NULL), ready_at = ${EARLIEST_DUE_AT}
     WHERE id = ?`,
  );
  const postpone = prepare(
    db,
    `UPDATE destinations SET paused_until = ?, held_since = iif(?, held_since, NULL) WHERE id = ?`,
  );
  let { served } = prepare<{ served: number }>(
    db,
    `SELECT coalesce(max(served), 0) AS served FROM destinations`,
  ).get() ?? { served: 0 };

  return ({ destination, ids, limits }, { claimed, now, leaseUntil }) => {
    const sent = ids.filter((id) => claimed.has(id));
    // A destination with large bodies that got nothing keeps its place. Otherwise it would starve.
    const [first] = sent;
    const holds = limits?.isOpen ? 1 : 0;
    if (first === undefined) {
      if (limits !== null && ids.length === 0)
        postpone.run(take(limits, now, 0).nextAt, holds, destination);
      return;
    }
    served += 1;
    if (limits === null) {
      serve.run(now, served, destination);
      return;
    }
    const { bucket, nextAt } = take(limits, now, sent.length);
    const pausedUntil = limits.isOpen ? Math.max(leaseUntil, nextAt) : nextAt;
    const { tokens, refilledAt } = bucket;
    const probe = limits.isOpen ? first : null;
    serveLimited.run(tokens, refilledAt, probe, pausedUntil, served, holds, destination);
  };
}

function take({ ratePerSecond, ...bucket }: Limits, now: number, wanted: number) {
  if (ratePerSecond === null) return { bucket, nextAt: now };
  return takeTokens(bucket, { ratePerSecond, now, wanted });
}

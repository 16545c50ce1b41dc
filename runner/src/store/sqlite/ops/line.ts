/**
 * The line of a job's deliveries to one webhook: the first that has not ended is due, the others
 * wait for it. Ended ones may stand before it: what was delivered out of turn, by hand.
 */
import type { DatabaseSync } from "node:sqlite";
import { prepare } from "../statement.ts";
import type { Lanes } from "./lanes.ts";

interface Place {
  readonly job: number;
  readonly webhook: number;
}

export interface Line {
  /** Whether one before the delivery has not ended. */
  isBehind(delivery: Place & { readonly id: number }): boolean;
  /** Whether any has not ended. */
  isHeld(line: Place): boolean;
  /** The first that has not ended becomes due, if it waits. */
  promote(line: Place & { readonly lane: number }, at: number): void;
  /** All that are due, but for the first that has not ended and for those in flight, wait. */
  demote(line: Place & { readonly lane: number }): void;
}

export function prepareLine(db: DatabaseSync, lanes: Lanes): Line {
  const findPending = prepare<{ id: number }>(
    db,
    `SELECT id FROM deliveries
     WHERE job = ? AND webhook = ? AND id < ? AND state IN ('waiting', 'due') ORDER BY id LIMIT 1`,
  );
  const findFirst = prepare<{ id: number; state: "waiting" | "due"; due_at: number | null }>(
    db,
    `SELECT id, state, due_at FROM deliveries
     WHERE job = ? AND webhook = ? AND state IN ('waiting', 'due') ORDER BY id LIMIT 1`,
  );
  const makeDue = prepare(db, `UPDATE deliveries SET state = 'due', due_at = ? WHERE id = ?`);
  const makeWait = prepare(
    db,
    `UPDATE deliveries SET state = 'waiting'
     WHERE job = ? AND webhook = ? AND id > ? AND state = 'due' AND lease_owner IS NULL`,
  );

  return {
    isBehind: ({ job, webhook, id }) => findPending.get(job, webhook, id) !== undefined,
    isHeld: ({ job, webhook }) => findFirst.get(job, webhook) !== undefined,
    promote({ job, webhook, lane }, at) {
      const first = findFirst.get(job, webhook);
      if (first?.state !== "waiting") return;
      const dueAt = Math.max(at, first.due_at ?? at);
      makeDue.run(dueAt, first.id);
      lanes.readyFrom(lane, dueAt);
    },
    demote({ job, webhook, lane }) {
      const first = findFirst.get(job, webhook);
      if (first === undefined) return;
      if (Number(makeWait.run(job, webhook, first.id).changes) > 0) lanes.refresh(lane);
    },
  };
}

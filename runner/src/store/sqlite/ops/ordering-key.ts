/**
 * The line of a job's deliveries to one webhook: the first that has not ended is due, the others
 * wait for it, but for those in flight. What has ended may stand anywhere: an earlier one may be
 * sent again by hand.
 */
import type { DatabaseSync } from "node:sqlite";
import { prepare } from "../statement.ts";
import { prepareLanes } from "./destinations.ts";

interface Place {
  readonly job: number;
  readonly webhook: number;
}

/** A delivery as it stands in a line; that of a batch stands in none. */
export interface Standing {
  readonly id: number;
  readonly job: number | null;
  readonly webhook: number;
}

/** The first of a line that has not ended. */
interface First {
  readonly id: number;
  readonly state: "waiting" | "due";
}

export interface Line {
  /** Whether one has not ended. */
  isHeld(line: Place): boolean;
  /** Whether one before this has not ended. */
  isBehind(delivery: Standing): boolean;
  /** The first that has not ended becomes due, if it waits. */
  promote(line: Place & { readonly lane: number }, at: number): void;
  /** The same, and what is due behind it waits again, but for what is in flight. */
  arrange(line: Place & { readonly lane: number }, at: number): void;
  /** A delivery that was in flight is due again, or waits when it is behind another now. */
  takeBack(delivery: Standing & { readonly lane: number; readonly due_at: number }): void;
}

/** The end of a query for the first of the line of the job (?1) and the webhook (?2). */
const FIRST_IN_LINE = `FROM deliveries
  WHERE job = ?1 AND webhook = ?2 AND (state = 'waiting' OR state = 'due') ORDER BY id LIMIT 1`;

export function prepareLine(db: DatabaseSync): Line {
  const findFirst = prepare<First>(db, `SELECT id, state ${FIRST_IN_LINE}`);
  const promote = prepare(
    db,
    `UPDATE deliveries SET state = 'due', due_at = ?3
     WHERE state = 'waiting' AND id = (SELECT id ${FIRST_IN_LINE})`,
  );
  const makeDue = prepare(db, `UPDATE deliveries SET state = 'due', due_at = ? WHERE id = ?`);
  const makeWait = prepare(
    db,
    `UPDATE deliveries SET state = 'waiting', due_at = NULL WHERE id = ?`,
  );
  const makeOthersWait = prepare(
    db,
    `UPDATE deliveries SET state = 'waiting', due_at = NULL
     WHERE job = ? AND webhook = ? AND id > ? AND state = 'due' AND lease_owner IS NULL`,
  );
  const lanes = prepareLanes(db);

  function isBehind({ id, job, webhook }: Standing): boolean {
    const first = job === null ? undefined : findFirst.get(job, webhook);
    return first !== undefined && first.id < id;
  }

  function makeFirstDue(first: First, lane: number, at: number): void {
    if (first.state === "due") return;
    makeDue.run(at, first.id);
    lanes.readyFrom(lane, at);
  }

  return {
    isHeld: ({ job, webhook }) => findFirst.get(job, webhook) !== undefined,
    isBehind,
    promote({ job, webhook, lane }, at) {
      if (Number(promote.run(job, webhook, at).changes) > 0) lanes.readyFrom(lane, at);
    },
    arrange({ job, webhook, lane }, at) {
      const first = findFirst.get(job, webhook);
      if (first === undefined) return;
      makeFirstDue(first, lane, at);
      if (Number(makeOthersWait.run(job, webhook, first.id).changes) > 0) lanes.refresh(lane);
    },
    takeBack(delivery) {
      if (isBehind(delivery)) makeWait.run(delivery.id);
      else lanes.readyFrom(delivery.lane, delivery.due_at);
    },
  };
}

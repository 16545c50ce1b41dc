/**
 * The ordering key of a delivery is its job and its webhook. The first delivery of a key that has
 * not ended is due, and the later ones wait for it, except those in flight. Ended deliveries may be
 * anywhere: an operator may send an earlier one again.
 */
import type { DatabaseSync } from "node:sqlite";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";

interface Key {
  readonly job: number;
  readonly webhook: number;
}

/** A delivery and its ordering key; the callback of a batch has none. */
export interface Standing {
  readonly id: number;
  readonly job: number | null;
  readonly webhook: number;
}

/** The first delivery of an ordering key that has not ended. */
interface First {
  readonly id: number;
  readonly state: "waiting" | "due";
}

export interface OrderingKey {
  /** Whether a delivery of the key has not ended. */
  isBlocked(key: Key): boolean;
  /** Whether an earlier delivery of the same key has not ended. */
  isBehind(delivery: Standing): boolean;
  /** Makes the first delivery that has not ended due, if it waits. */
  promote(key: Key & { readonly destination: number }, at: number): void;
  /** Like `promote`, and makes later deliveries that are due wait again, except those in flight. */
  arrange(key: Key & { readonly destination: number }, at: number): void;
  /** Makes a delivery that was in flight due again, or makes it wait if an earlier one is due. */
  takeBack(delivery: Standing & { readonly destination: number; readonly due_at: number }): void;
}

/** The end of a query for the first delivery of job ?1 and webhook ?2 that has not ended. */
const FIRST = `FROM deliveries
  WHERE job = ?1 AND webhook = ?2 AND (state = 'waiting' OR state = 'due') ORDER BY id LIMIT 1`;

export function prepareOrderingKey(db: DatabaseSync): OrderingKey {
  const findFirst = prepare<First>(db, `SELECT id, state ${FIRST}`);
  const promote = prepare(
    db,
    `UPDATE deliveries SET state = 'due', due_at = ?3
     WHERE state = 'waiting' AND id = (SELECT id ${FIRST})`,
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
  const destinations = prepareDestinations(db);

  function isBehind({ id, job, webhook }: Standing): boolean {
    const first = job === null ? undefined : findFirst.get(job, webhook);
    return first !== undefined && first.id < id;
  }

  function makeFirstDue(first: First, destination: number, at: number): void {
    if (first.state === "due") return;
    makeDue.run(at, first.id);
    destinations.readyFrom(destination, at);
  }

  return {
    isBlocked: ({ job, webhook }) => findFirst.get(job, webhook) !== undefined,
    isBehind,
    promote({ job, webhook, destination }, at) {
      if (Number(promote.run(job, webhook, at).changes) > 0)
        destinations.readyFrom(destination, at);
    },
    arrange({ job, webhook, destination }, at) {
      const first = findFirst.get(job, webhook);
      if (first === undefined) return;
      makeFirstDue(first, destination, at);
      if (Number(makeOthersWait.run(job, webhook, first.id).changes) > 0)
        destinations.refresh(destination);
    },
    takeBack(delivery) {
      if (isBehind(delivery)) makeWait.run(delivery.id);
      else destinations.readyFrom(delivery.destination, delivery.due_at);
    },
  };
}

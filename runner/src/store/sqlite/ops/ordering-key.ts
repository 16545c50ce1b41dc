/**
 * The ordering key of a delivery is its job and its webhook. The head of a key is its first open
 * delivery, that is the first that is not delivered or dead. The head is due; the later open ones
 * wait for it, except those in flight. The head can be earlier than a delivery that has ended,
 * because an operator can send an ended delivery again.
 */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../../domain/delivery.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";

interface Key {
  readonly job: number;
  readonly webhook: number;
}

/** A delivery and its ordering key; the callback of a batch has none. */
export interface KeyedDelivery {
  readonly id: number;
  readonly job: number | null;
  readonly webhook: number;
}

/** A delivery that was in flight. */
export interface FreedDelivery extends KeyedDelivery {
  readonly destination: number;
  readonly state: DeliveryState;
  /** Null unless it is due. */
  readonly due_at: number | null;
}

/** The first open delivery of an ordering key. */
interface Head {
  readonly id: number;
  readonly state: "waiting" | "due";
}

export interface OrderingKey {
  /** Whether the key has an open delivery. */
  isBlocked(key: Key): boolean;
  /** Whether an earlier delivery with the same key is open. */
  hasOpenPredecessor(delivery: KeyedDelivery): boolean;
  /** Makes the head due if it is waiting. */
  promote(key: Key & { readonly destination: number }, at: number): void;
  /** Like `promote`, and makes later deliveries wait again that are due and not in flight. */
  restoreOrder(key: Key & { readonly destination: number }, at: number): void;
  /** Makes an open delivery that was in flight due again, or waiting if an earlier one is open. */
  requeue(delivery: FreedDelivery): void;
}

/** The end of a query for the head of a key, with the parameters of its job and webhook. */
export const headOf = (job: string, webhook: string): string => `FROM deliveries
  WHERE job = ${job} AND webhook = ${webhook} AND (state = 'waiting' OR state = 'due')
  ORDER BY id LIMIT 1`;
const HEAD = headOf("?1", "?2");

export function prepareOrderingKey(db: DatabaseSync): OrderingKey {
  const findHead = prepare<Head>(db, `SELECT id, state ${HEAD}`);
  const promote = prepare(
    db,
    `UPDATE deliveries SET state = 'due', due_at = ?3
     WHERE state = 'waiting' AND id = (SELECT id ${HEAD})`,
  );
  const setDue = prepare(db, `UPDATE deliveries SET state = 'due', due_at = ? WHERE id = ?`);
  const setWaiting = prepare(
    db,
    `UPDATE deliveries SET state = 'waiting', due_at = NULL WHERE id = ?`,
  );
  const setOthersWaiting = prepare(
    db,
    `UPDATE deliveries SET state = 'waiting', due_at = NULL
     WHERE job = ? AND webhook = ? AND id > ? AND state = 'due' AND lease_owner IS NULL`,
  );
  const destinations = prepareDestinations(db);

  function hasOpenPredecessor({ id, job, webhook }: KeyedDelivery): boolean {
    const head = job === null ? undefined : findHead.get(job, webhook);
    return head !== undefined && head.id < id;
  }

  function makeHeadDue(head: Head, destination: number, at: number): void {
    if (head.state === "due") return;
    setDue.run(at, head.id);
    destinations.lowerReadyAt(destination, at);
  }

  return {
    isBlocked: ({ job, webhook }) => findHead.get(job, webhook) !== undefined,
    hasOpenPredecessor,
    promote({ job, webhook, destination }, at) {
      if (Number(promote.run(job, webhook, at).changes) > 0)
        destinations.lowerReadyAt(destination, at);
    },
    restoreOrder({ job, webhook, destination }, at) {
      const head = findHead.get(job, webhook);
      if (head === undefined) return;
      makeHeadDue(head, destination, at);
      if (Number(setOthersWaiting.run(job, webhook, head.id).changes) > 0)
        destinations.recomputeReadyAt(destination);
    },
    requeue(delivery) {
      destinations.endProbe(delivery);
      // It was given up, or put behind another, while it was in flight.
      if (delivery.due_at === null) return;
      if (hasOpenPredecessor(delivery)) setWaiting.run(delivery.id);
      else destinations.lowerReadyAt(delivery.destination, delivery.due_at);
    },
  };
}

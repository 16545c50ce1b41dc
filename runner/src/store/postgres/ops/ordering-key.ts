/**
 * The ordering key of a delivery is its job and its webhook. The head of a key is its first open
 * delivery, that is the first that is not delivered or dead. The head is due; the later open ones
 * wait for it, except those in flight. The head can be earlier than a delivery that has ended,
 * because an operator can send an ended delivery again.
 *
 * The job's row must be locked, in an earlier statement, or the write group must be exclusive.
 */
import type { Transaction } from "../transaction.ts";
import { endProbes } from "./destinations.ts";

interface Key {
  readonly job: number;
  readonly webhook: number;
}

/** A delivery that was in flight. */
export interface FreedDelivery {
  readonly id: number;
  /** Null for the callback of a batch, which has no ordering key. */
  readonly job: number | null;
  readonly webhook: number;
  readonly destination: number;
  /** Null unless it is due. */
  readonly due_at: number | null;
}

/** The end of a query for the head of job $1 and webhook $2. */
const HEAD = `FROM deliveries
  WHERE job = $1 AND webhook = $2 AND state IN ('waiting', 'due') ORDER BY id LIMIT 1`;

/** The head of each key that is given, as a LATERAL subquery. */
export const HEAD_OF_GIVEN = `(
    SELECT * FROM deliveries
    WHERE job = given.job AND webhook = given.webhook AND state IN ('waiting', 'due')
    ORDER BY id LIMIT 1
  )`;

const PROMOTE = `UPDATE deliveries SET state = 'due', due_at = given.at
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
      WITH ORDINALITY AS given (job, webhook, at, place)
    CROSS JOIN LATERAL ${HEAD_OF_GIVEN} AS head
  WHERE deliveries.id = head.id AND deliveries.state = 'waiting'
  RETURNING place`;

/** Whether an earlier delivery with the same key is open. */
export async function hasOpenPredecessor(
  tx: Transaction,
  { id, job, webhook }: Pick<FreedDelivery, "id" | "job" | "webhook">,
): Promise<boolean> {
  if (job === null) return false;
  const [head] = await tx.query<{ id: number }>(`SELECT id ${HEAD}`, [job, webhook]);
  return head !== undefined && head.id < id;
}

/** Makes the head due if it is waiting. */
export async function promote(tx: Transaction, { job, webhook }: Key, at: number): Promise<void> {
  const promoted = await tx.row(PROMOTE, [job, webhook, at]);
  if (promoted === undefined) return;
  tx.count({ kind: "delivery", state: "waiting" }, -1);
  tx.count({ kind: "delivery", state: "due" }, 1);
}

/** Like `promote`, and makes later deliveries wait again that are due and not in flight. */
export async function restoreOrder(tx: Transaction, key: Key, at: number): Promise<void> {
  await promote(tx, key, at);
  const put = await tx.query(
    `UPDATE deliveries SET state = 'waiting', due_at = NULL
     WHERE job = $1 AND webhook = $2 AND id > (SELECT id ${HEAD}) AND state = 'due'
       AND lease_owner IS NULL
     RETURNING id`,
    [key.job, key.webhook],
  );
  tx.count({ kind: "delivery", state: "due" }, -put.length);
  tx.count({ kind: "delivery", state: "waiting" }, put.length);
}

/** Makes open deliveries that were in flight due again, or waiting if an earlier one is open. */
export async function requeueDeliveries(
  tx: Transaction,
  freed: readonly FreedDelivery[],
): Promise<void> {
  if (freed.length === 0) return;
  await endProbes(
    tx,
    freed.map(({ id }) => id),
  );
  // Those without a due time were given up, or put behind another, while they were in flight.
  const open = freed.filter((each) => each.due_at !== null && each.job !== null);
  const put = await tx.query(
    `UPDATE deliveries SET state = 'waiting', due_at = NULL
     WHERE id = ANY ($1::bigint[]) AND state = 'due' AND EXISTS (
       SELECT 1 FROM deliveries AS earlier
       WHERE earlier.job = deliveries.job AND earlier.webhook = deliveries.webhook
         AND earlier.id < deliveries.id AND earlier.state IN ('waiting', 'due')
     )
     RETURNING id`,
    [open.map(({ id }) => id)],
  );
  tx.count({ kind: "delivery", state: "due" }, -put.length);
  tx.count({ kind: "delivery", state: "waiting" }, put.length);
}

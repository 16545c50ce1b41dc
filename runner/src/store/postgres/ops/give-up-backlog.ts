import type { DeliveryState } from "../../../domain/delivery.ts";
import type { Transaction } from "../transaction.ts";

/** Deliveries that one slice looks at. More would make other changes wait for it. */
const SLICE_SIZE = 500;
/** Above every id. */
const NEWEST = Number.MAX_SAFE_INTEGER;

/**
 * Makes the newest open deliveries of a webhook that is off dead. Those in flight too: their claims go
 * on. The others follow slice by slice.
 */
export async function beginGivingUp(tx: Transaction, webhook: number, at: number): Promise<void> {
  await giveUp(tx, { webhook, below: NEWEST, at });
}

/** Gives up one slice of one webhook. False if there is nothing to give up. */
export async function giveUpNext(tx: Transaction, at: number): Promise<boolean> {
  const [found] = await tx.query<{ webhook: number; given_up_to: number }>(
    `SELECT webhook, given_up_to FROM persistent_webhooks WHERE given_up_to IS NOT NULL LIMIT 1`,
  );
  if (found === undefined) return false;
  await giveUp(tx, { webhook: found.webhook, below: found.given_up_to, at });
  return true;
}

/** The webhook is on again: what has not been given up is sent. */
export async function stopGivingUp(tx: Transaction, webhook: number): Promise<void> {
  await tx.query(
    `UPDATE persistent_webhooks SET given_up_to = NULL
     WHERE webhook = $1 AND given_up_to IS NOT NULL`,
    [webhook],
  );
}

async function giveUp(
  tx: Transaction,
  { webhook, below, at }: { webhook: number; below: number; at: number },
): Promise<void> {
  const [last] = await tx.query<{ id: number }>(
    `SELECT id FROM deliveries WHERE webhook = $1 AND id < $2
     ORDER BY id DESC LIMIT 1 OFFSET ${SLICE_SIZE - 1}`,
    [webhook, below],
  );
  const ended = await tx.query<{ before: DeliveryState }>(
    `WITH open AS MATERIALIZED (
       SELECT id, state FROM deliveries
       WHERE webhook = $1 AND id >= $2 AND id < $3 AND state IN ('waiting', 'due')
     )
     UPDATE deliveries SET state = 'dead', due_at = NULL, ended_at = $4, reason = (
       SELECT coalesce(reason, 'The webhook is off.') FROM persistent_webhooks WHERE webhook = $1
     )
     FROM open WHERE deliveries.id = open.id RETURNING open.state AS before`,
    [webhook, last?.id ?? 0, below, at],
  );
  for (const { before } of ended) tx.count({ kind: "delivery", state: before }, -1);
  tx.count({ kind: "delivery", state: "dead" }, ended.length);
  await tx.query(`UPDATE persistent_webhooks SET given_up_to = $2 WHERE webhook = $1`, [
    webhook,
    last?.id ?? null,
  ]);
}

import { HAS_PAYLOAD } from "../../shared/payloads.ts";
import type { Operation } from "../change.ts";
import { resumeDestinations } from "./destinations.ts";
import { restoreOrder } from "./ordering-key.ts";

/** A persistent webhook's destination has the webhook's id as its key. */
const FIND = `SELECT id FROM destinations WHERE key = $1 AND NOT EXISTS (
    SELECT 1 FROM webhooks LEFT JOIN persistent_webhooks ON seq = persistent_webhooks.webhook
    WHERE webhooks.id = $1 AND (removed OR persistent_webhooks.state = 'off')
  )`;

/**
 * A batch's callback has no ordering key and is due now; a job's event waits until it is the head. One
 * that was given up in flight can be in flight still: its claim ends.
 */
const REVIVE = `WITH revived AS MATERIALIZED (
    SELECT id FROM deliveries
    WHERE destination = $2 AND state = 'dead' AND created_at >= $3
      AND revived_at IS DISTINCT FROM $1 AND ${HAS_PAYLOAD}
    ORDER BY created_at, id LIMIT $4
  )
  UPDATE deliveries SET state = CASE WHEN job IS NULL THEN 'due' ELSE 'waiting' END,
    due_at = CASE WHEN job IS NULL THEN $1::bigint END, ended_at = NULL, reason = NULL,
    retries_used = 0, revived_at = $1, lease_owner = NULL, lease_until = NULL
  FROM revived WHERE deliveries.id = revived.id RETURNING job, webhook`;

const HASTEN = `WITH late AS MATERIALIZED (
    SELECT id FROM deliveries
    WHERE destination = $2 AND state = 'due' AND lease_owner IS NULL AND least(attempts, 1) = 1
      AND due_at > $1 AND created_at >= $3 AND revived_at IS DISTINCT FROM $1
    ORDER BY due_at, id LIMIT $4
  )
  UPDATE deliveries SET due_at = $1, revived_at = $1
  FROM late WHERE deliveries.id = late.id RETURNING deliveries.id`;

export const recoverDeliveries: Operation<"recoverDeliveries"> = async (
  tx,
  { destination: key, since, limit, now },
) => {
  const [found] = await tx.query<{ id: number }>(FIND, [key]);
  if (found === undefined) return { recovered: 0, more: false };
  const revived = await tx.query<{ job: number | null; webhook: number }>(REVIVE, [
    now,
    found.id,
    since,
    limit,
  ]);
  const hastened = await tx.query(HASTEN, [now, found.id, since, limit - revived.length]);
  const callbacks = revived.filter(({ job }) => job === null).length;
  tx.count({ kind: "delivery", state: "dead" }, -revived.length);
  tx.count({ kind: "delivery", state: "due" }, callbacks);
  tx.count({ kind: "delivery", state: "waiting" }, revived.length - callbacks);
  const keys = new Map(revived.map((row) => [`${row.job} ${row.webhook}`, row]));
  const restored = [...keys.values()].map(async ({ job, webhook }) => {
    if (job !== null) await restoreOrder(tx, { job, webhook }, now);
  });
  await Promise.all(restored);
  await resumeDestinations(tx, [found.id], now);
  const recovered = revived.length + hastened.length;
  return { recovered, more: recovered === limit };
};

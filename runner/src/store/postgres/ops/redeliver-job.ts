import { HAS_PAYLOAD } from "../../shared/payloads.ts";
import type { Operation } from "../change.ts";
import { resumeDestinations } from "./destinations.ts";
import { restoreOrder } from "./ordering-key.ts";
import { HAS_STOPPED_WEBHOOK } from "./stopped-webhook.ts";

const REVIVE = `WITH revived AS MATERIALIZED (
    SELECT id FROM deliveries
    WHERE job = $1 AND state = 'dead' AND lease_owner IS NULL AND ended_at <= $2
      AND NOT ${HAS_STOPPED_WEBHOOK} AND ${HAS_PAYLOAD}
    ORDER BY webhook, id LIMIT $3
  )
  UPDATE deliveries SET state = 'waiting', due_at = NULL, ended_at = NULL, reason = NULL,
    retries_used = 0, revived_at = $4
  FROM revived WHERE deliveries.id = revived.id RETURNING webhook, destination`;

export const redeliverJob: Operation<"redeliverJob"> = async (
  tx,
  jobId,
  { failedBy, limit, now },
) => {
  const [job] = await tx.query<{ seq: number }>(`SELECT seq FROM jobs WHERE id = $1`, [jobId]);
  if (job === undefined) return null;
  const revived = await tx.query<{ webhook: number; destination: number }>(REVIVE, [
    job.seq,
    failedBy,
    limit,
    now,
  ]);
  tx.count({ kind: "delivery", state: "dead" }, -revived.length);
  tx.count({ kind: "delivery", state: "waiting" }, revived.length);
  for (const webhook of new Set(revived.map((row) => row.webhook))) {
    await restoreOrder(tx, { job: job.seq, webhook }, now);
  }
  const resumed = [...new Set(revived.map(({ destination }) => destination))];
  await resumeDestinations(tx, resumed, now);
  return { redelivered: revived.length, destinations: resumed };
};

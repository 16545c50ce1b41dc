import type { Operation } from "../change.ts";
import { parseDeliveryId } from "../../shared/rows.ts";

export const renewLeases: Operation<"renewLeases"> = async (
  tx,
  { jobs, deliveries },
  { leaseUntil },
) => {
  const renewedJobs = await tx.query<{ id: string; fence: number; owner: string }>(
    `UPDATE jobs SET lease_until = $4
     FROM unnest($1::text[], $2::bigint[], $3::text[]) AS claim (job_id, fence, owner)
     WHERE jobs.id = job_id AND jobs.fence = claim.fence AND lease_owner = owner
       AND status = 'running'
     RETURNING jobs.id, jobs.fence, owner`,
    [
      jobs.map(({ jobId }) => jobId),
      jobs.map(({ fence }) => fence),
      jobs.map(({ owner }) => owner),
      leaseUntil,
    ],
  );
  const renewed = await renewDeliveries(tx, deliveries, leaseUntil);
  const held = new Set(renewedJobs.map(({ id, fence, owner }) => `${id} ${fence} ${owner}`));
  return {
    jobs: jobs.filter(({ jobId, fence, owner }) => !held.has(`${jobId} ${fence} ${owner}`)),
    deliveries: deliveries.filter(
      ({ deliveryId, fence, owner }) =>
        !renewed.has(`${parseDeliveryId(deliveryId)} ${fence} ${owner}`),
    ),
  };
};

/** Locks the rows in their order, so that two daemons never wait for each other in a circle. */
async function renewDeliveries(
  tx: Parameters<Operation<"renewLeases">>[0],
  deliveries: Parameters<Operation<"renewLeases">>[1]["deliveries"],
  leaseUntil: number,
): Promise<ReadonlySet<string>> {
  if (deliveries.length === 0) return new Set();
  const rows = await tx.query<{ id: number; fence: number; owner: string }>(
    `WITH held AS MATERIALIZED (
       SELECT deliveries.id, claim.fence, owner
       FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS claim (delivery, fence, owner)
         JOIN deliveries ON deliveries.id = claim.delivery AND deliveries.fence = claim.fence
           AND lease_owner = owner
       ORDER BY deliveries.id FOR NO KEY UPDATE OF deliveries
     )
     UPDATE deliveries SET lease_until = $4 FROM held WHERE deliveries.id = held.id
     RETURNING held.id, held.fence, held.owner`,
    [
      deliveries.map(({ deliveryId }) => parseDeliveryId(deliveryId) ?? 0),
      deliveries.map(({ fence }) => fence),
      deliveries.map(({ owner }) => owner),
      leaseUntil,
    ],
  );
  const ids = rows.map(({ id }) => id);
  await tx.query(
    `UPDATE destinations SET paused_until = greatest(paused_until, $2)
     FROM deliveries WHERE deliveries.id = ANY ($1::bigint[])
       AND destinations.id = deliveries.destination AND probe = deliveries.id`,
    [ids, leaseUntil],
  );
  return new Set(rows.map(({ id, fence, owner }) => `${id} ${fence} ${owner}`));
}

import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { parseDeliveryId } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";

export function prepareRenewLeases(db: DatabaseSync): Operations["renewLeases"] {
  const renewJob = prepare(
    db,
    `UPDATE jobs SET lease_until = ?
     WHERE id = ? AND fence = ? AND lease_owner = ? AND status = 'running'`,
  );
  const renewDelivery = prepare<{ destination: number }>(
    db,
    `UPDATE deliveries SET lease_until = ? WHERE id = ? AND fence = ? AND lease_owner = ?
     RETURNING destination`,
  );
  const extendProbe = prepare(
    db,
    `UPDATE destinations SET paused_until = max(paused_until, ?) WHERE id = ? AND probe = ?`,
  );
  return ({ jobs, deliveries }, { leaseUntil }) => ({
    jobs: jobs.filter(
      ({ jobId, fence, owner }) =>
        Number(renewJob.run(leaseUntil, jobId, fence, owner).changes) === 0,
    ),
    deliveries: deliveries.filter(({ deliveryId, fence, owner }) => {
      const id = parseDeliveryId(deliveryId);
      const renewed = renewDelivery.get(leaseUntil, id, fence, owner);
      if (renewed === undefined) return true;
      extendProbe.run(leaseUntil, renewed.destination, id);
      return false;
    }),
  });
}

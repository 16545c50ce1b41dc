import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareRenewLeases(db: DatabaseSync): Operations["renewLeases"] {
  const renew = prepare(
    db,
    `UPDATE jobs SET lease_until = ? WHERE id = ? AND fence = ? AND status = 'running'`,
  );
  return (claims, { leaseUntil }) => {
    for (const { jobId, fence } of claims) renew.run(leaseUntil, jobId, fence);
  };
}

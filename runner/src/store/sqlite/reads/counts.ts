import type { DatabaseSync } from "node:sqlite";
import type { StoreCounts } from "../../../ports/store/upkeep.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

export function prepareReadCounts(db: DatabaseSync): StoreReads["counts"] {
  const countJobs = prepare<{ state: string; count: number }>(
    db,
    `SELECT status AS state, count FROM job_counts`,
  );
  const countDeliveries = prepare<{ state: string; count: number }>(
    db,
    `SELECT state, count FROM delivery_counts`,
  );
  const countWebhooks = prepare<{ state: string; count: number }>(
    db,
    `SELECT state, count FROM webhook_counts`,
  );
  const toRecord = (rows: { state: string; count: number }[]) =>
    Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  return async () => ({
    jobs: toRecord(countJobs.all()) as StoreCounts["jobs"],
    deliveries: toRecord(countDeliveries.all()) as StoreCounts["deliveries"],
    webhooks: toRecord(countWebhooks.all()) as StoreCounts["webhooks"],
  });
}

import type { DatabaseSync } from "node:sqlite";
import type { StoreCounts } from "../../../ports/store/upkeep.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import {
  COUNT_SCHEDULES,
  toScheduleCounts,
  type ScheduleCountRow,
} from "../../shared/schedule-counts.ts";
import { prepare } from "../statement.ts";

export type WorkCounts = Omit<StoreCounts, "schedules">;

/** Of a database of any schema. */
export function prepareCountWork(db: DatabaseSync): () => WorkCounts {
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
  return () => ({
    jobs: toRecord(countJobs.all()) as StoreCounts["jobs"],
    deliveries: toRecord(countDeliveries.all()) as StoreCounts["deliveries"],
    webhooks: toRecord(countWebhooks.all()) as StoreCounts["webhooks"],
  });
}

export function prepareReadCounts(db: DatabaseSync): StoreReads["counts"] {
  const countWork = prepareCountWork(db);
  const countSchedules = prepare<ScheduleCountRow>(db, COUNT_SCHEDULES);
  return async () => ({ ...countWork(), schedules: toScheduleCounts(countSchedules.all()) });
}

import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store.ts";
import { prepare } from "../statement.ts";

/** An instant gone by means that it is due and nobody has claimed since. */
export function prepareReadNextDue(db: DatabaseSync): StoreReads["nextDue"] {
  const nextJob = prepare<{ at: number | null }>(
    db,
    `SELECT min(run_at) AS at FROM jobs WHERE status = 'queued' AND due = 0`,
  );
  const nextDelivery = prepare<{ at: number | null }>(
    db,
    `SELECT min(due_at) AS at FROM deliveries WHERE state = 'due' AND lease_owner IS NULL`,
  );
  return async () => ({
    job: nextJob.get()?.at ?? null,
    delivery: nextDelivery.get()?.at ?? null,
  });
}

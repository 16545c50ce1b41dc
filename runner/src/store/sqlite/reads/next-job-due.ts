import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store.ts";
import { prepare } from "../statement.ts";

/** An instant gone by means that it is due and nobody has claimed since. */
export function prepareReadNextJobDue(db: DatabaseSync): StoreReads["nextJobDue"] {
  const find = prepare<{ at: number | null }>(
    db,
    `SELECT min(run_at) AS at FROM jobs WHERE status = 'queued' AND due = 0`,
  );
  return async () => find.get()?.at ?? null;
}

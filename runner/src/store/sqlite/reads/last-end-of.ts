import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

export function prepareReadLastEndOf(db: DatabaseSync): StoreReads["lastEndOf"] {
  const read = prepare<{ ended_at: number | null }>(
    db,
    `SELECT max(ended_at) AS ended_at FROM (
       SELECT ended_at FROM jobs WHERE ended_at >= ? ORDER BY ended_at LIMIT ?
     )`,
  );
  return async ({ from, count }) => read.get(from, count)?.ended_at ?? null;
}

import type { StoreReads } from "../../../ports/store/store.ts";
import type { Query } from "../reader.ts";

export function createReadLastEndOf(query: Query): StoreReads["lastEndOf"] {
  return async ({ from, count }) => {
    const [row] = await query<{ ended_at: number | null }>(
      `SELECT max(ended_at) AS ended_at FROM (
         SELECT ended_at FROM jobs WHERE ended_at >= $1 ORDER BY ended_at LIMIT $2
       ) AS first`,
      [from, count],
    );
    return row?.ended_at ?? null;
  };
}

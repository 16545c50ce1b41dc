import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function preparePruneJobs(db: DatabaseSync): Operations["pruneJobs"] {
  const find = prepare<{ seq: number }>(
    db,
    `SELECT seq FROM jobs
     WHERE ended_at < ? AND NOT EXISTS (
       SELECT 1 FROM deliveries WHERE job = jobs.seq AND state IN ('waiting', 'due')
     )
     ORDER BY ended_at LIMIT ?`,
  );
  const remove = prepare(db, `DELETE FROM jobs WHERE seq = ?`);
  return ({ endedBefore, limit }) => {
    const ended = find.all(endedBefore, limit);
    for (const { seq } of ended) remove.run(seq);
    return ended.length;
  };
}

import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

interface JobRow {
  readonly seq: number;
  readonly has_ended: 0 | 1;
  readonly is_in_batch: 0 | 1;
  readonly has_open_delivery: 0 | 1;
}

export function prepareDeleteJob(db: DatabaseSync): Operations["deleteJob"] {
  const find = prepare<JobRow>(
    db,
    `SELECT seq, ended_at IS NOT NULL AS has_ended,
       EXISTS (SELECT 1 FROM batch_jobs WHERE job = seq) AS is_in_batch,
       EXISTS (
         SELECT 1 FROM deliveries INDEXED BY deliveries_by_ordering_key
         WHERE job = seq AND (state = 'waiting' OR state = 'due' OR lease_owner IS NOT NULL)
       ) AS has_open_delivery
     FROM jobs WHERE id = ?`,
  );
  const remove = prepare(db, `DELETE FROM jobs WHERE seq = ?`);
  return (id) => {
    const job = find.get(id);
    if (job === undefined) return "unknown";
    if (job.has_ended === 0) return "not-ended";
    if (job.is_in_batch === 1) return "in-batch";
    if (job.has_open_delivery === 1) return "undelivered";
    remove.run(job.seq);
    return "deleted";
  };
}

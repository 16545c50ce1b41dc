import type { Operation } from "../change.ts";
import { deleteJobs } from "./delete-rows.ts";

interface JobRow {
  readonly seq: number;
  readonly has_ended: boolean;
  readonly is_in_batch: boolean;
  readonly has_open_delivery: boolean;
}

export const deleteJob: Operation<"deleteJob"> = async (tx, id) => {
  const [job] = await tx.query<JobRow>(
    `SELECT seq, ended_at IS NOT NULL AS has_ended,
       EXISTS (SELECT 1 FROM batch_jobs WHERE job = seq) AS is_in_batch,
       EXISTS (
         SELECT 1 FROM deliveries
         WHERE job = seq AND (state IN ('waiting', 'due') OR lease_owner IS NOT NULL)
       ) AS has_open_delivery
     FROM jobs WHERE id = $1`,
    [id],
  );
  if (job === undefined) return "unknown";
  if (!job.has_ended) return "not-ended";
  if (job.is_in_batch) return "in-batch";
  if (job.has_open_delivery) return "undelivered";
  await deleteJobs(tx, [job.seq]);
  return "deleted";
};

import type { DatabaseSync } from "node:sqlite";
import type { JobStatus } from "../../../domain/job.ts";
import type { JsonText } from "../../../domain/json-text.ts";
import type { BatchJob, StoredBatch, StoreReads } from "../../../ports/store.ts";
import { toFailure, type FailureColumns } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareReadOwnWebhook } from "./own-webhook.ts";
import { inSnapshot } from "./snapshot.ts";

interface BatchRow {
  readonly seq: number;
  readonly id: string;
  readonly created_at: number;
  readonly ended_at: number | null;
}

interface BatchJobRow extends FailureColumns {
  readonly id: string;
  readonly name: string | null;
  readonly status: JobStatus;
  readonly output: JsonText | null;
}

export function prepareReadBatch(db: DatabaseSync): StoreReads["batch"] {
  const findBatch = prepare<BatchRow>(
    db,
    `SELECT seq, id, created_at, ended_at FROM batches WHERE id = ?`,
  );
  // CROSS JOIN keeps the order of the tables: the key gives the order, nothing is sorted.
  const findJobs = prepare<BatchJobRow>(
    db,
    `SELECT jobs.id, jobs.name, jobs.status, jobs.failure_code, jobs.failure_message, output
     FROM batch_jobs CROSS JOIN jobs ON jobs.seq = batch_jobs.job
       LEFT JOIN steps ON steps.job = jobs.seq AND steps.position = jobs.completed_steps - 1
         AND jobs.status = 'completed'
     WHERE batch = ? ORDER BY batch_jobs.position`,
  );
  const findWebhook = prepareReadOwnWebhook(db, "batch");

  function read(id: string): StoredBatch | null {
    const batch = findBatch.get(id);
    if (batch === undefined) return null;
    return {
      id,
      createdAt: batch.created_at,
      endedAt: batch.ended_at,
      webhook: findWebhook(batch.seq),
      jobs: findJobs.all(batch.seq).map(toBatchJob),
    };
  }

  return async (id) => inSnapshot(db, () => read(id));
}

function toBatchJob(row: BatchJobRow): BatchJob {
  const { id: jobId, name, status, output } = row;
  return { jobId, name, status, failure: toFailure(row), output };
}

export function prepareReadBatchesToEnd(db: DatabaseSync): StoreReads["batchesToEnd"] {
  const find = prepare<{ id: string }>(
    db,
    `SELECT id FROM batches INDEXED BY batches_to_end
     WHERE open_jobs = 0 AND ended_at IS NULL ORDER BY seq LIMIT ?`,
  );
  return async ({ limit }) => find.all(limit).map(({ id }) => id);
}

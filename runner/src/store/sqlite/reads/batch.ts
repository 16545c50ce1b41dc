import type { DatabaseSync } from "node:sqlite";
import type { JobStatus } from "../../../domain/job-spec.ts";
import type { BatchJob, StoredBatch } from "../../../ports/store/batches.ts";
import type { OutputBound } from "../../../ports/store/jobs.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { toFailure, type FailureColumns } from "../../shared/rows.ts";
import {
  bytesWithin,
  NO_OUTPUTS,
  type OutputColumns,
  type ReadOutput,
} from "../../shared/outputs.ts";
import { prepare } from "../statement.ts";
import { prepareReadOutputs } from "./output.ts";
import { prepareReadOwnWebhook } from "./own-webhook.ts";
import { inSnapshot } from "./snapshot.ts";

interface BatchRow {
  readonly seq: number;
  readonly id: string;
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly payloads_removed_at: number | null;
}

interface BatchJobRow extends FailureColumns, OutputColumns {
  readonly id: string;
  readonly name: string | null;
  readonly status: JobStatus;
  readonly payloads_removed_at: number | null;
}

export function prepareReadBatch(db: DatabaseSync): StoreReads["batch"] {
  const findBatch = prepare<BatchRow>(
    db,
    `SELECT seq, id, created_at, ended_at, payloads_removed_at FROM batches WHERE id = ?`,
  );
  // CROSS JOIN keeps the order of the tables, so the key gives the order and nothing is sorted.
  const findJobs = prepare<BatchJobRow>(
    db,
    `SELECT jobs.id, jobs.name, jobs.status, jobs.failure_code, jobs.failure_message,
       jobs.payloads_removed_at, steps.id AS step, octet_length(output) AS output_bytes
     FROM batch_jobs CROSS JOIN jobs ON jobs.seq = batch_jobs.job
       LEFT JOIN steps ON steps.job = jobs.seq AND steps.position = jobs.completed_steps - 1
         AND jobs.status = 'completed'
     WHERE batch = ? ORDER BY batch_jobs.position`,
  );
  const findWebhook = prepareReadOwnWebhook(db, "batch");
  const readOutputs = prepareReadOutputs(db);

  function read(id: string, bound: OutputBound): StoredBatch | null {
    const batch = findBatch.get(id);
    if (batch === undefined) return null;
    const jobs = findJobs.all(batch.seq);
    bound.reserve?.(bytesWithin(bound, jobs));
    const readOutput = readOutputs(bound);
    return {
      id,
      createdAt: batch.created_at,
      endedAt: batch.ended_at,
      payloadsRemovedAt: batch.payloads_removed_at,
      webhook: findWebhook(batch.seq),
      jobs: jobs.map((row) => toBatchJob(row, readOutput)),
    };
  }

  return async (id, bound = NO_OUTPUTS) => inSnapshot(db, () => read(id, bound));
}

function toBatchJob(row: BatchJobRow, readOutput: ReadOutput): BatchJob {
  const { id: jobId, name, status, payloads_removed_at: payloadsRemovedAt } = row;
  return { jobId, name, status, failure: toFailure(row), ...readOutput(row), payloadsRemovedAt };
}

export function prepareReadBatchesToEnd(db: DatabaseSync): StoreReads["batchesToEnd"] {
  const find = prepare<{ id: string }>(
    db,
    `SELECT id FROM batches INDEXED BY batches_to_end
     WHERE open_jobs = 0 AND ended_at IS NULL ORDER BY seq LIMIT ?`,
  );
  return async ({ limit }) => find.all(limit).map(({ id }) => id);
}

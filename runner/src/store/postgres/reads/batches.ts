import type { JobStatus } from "../../../domain/job-spec.ts";
import type { BatchSummary, StoredBatch } from "../../../ports/store/batches.ts";
import type { OutputBound } from "../../../ports/store/jobs.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";
import { bytesWithin, NO_OUTPUTS, type OutputColumns } from "../../shared/outputs.ts";
import { toFailure, type FailureColumns } from "../../shared/rows.ts";
import type { Query, Reader } from "../reader.ts";
import { readOutputs } from "./output.ts";
import { readOwnWebhook } from "./own-webhook.ts";
import { toPage } from "./page.ts";

interface BatchRow {
  readonly seq: number;
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

const FIND_JOBS = `SELECT jobs.id, jobs.name, jobs.status, jobs.failure_code, jobs.failure_message,
    jobs.payloads_removed_at, steps.id AS step, octet_length(output) AS output_bytes
  FROM batch_jobs JOIN jobs ON jobs.seq = batch_jobs.job
    LEFT JOIN steps ON steps.job = jobs.seq AND steps.position = jobs.completed_steps - 1
      AND jobs.status = 'completed'
  WHERE batch = $1 ORDER BY batch_jobs.position`;

export function createReadBatch({ snapshot }: Reader): StoreReads["batch"] {
  return (id, bound = NO_OUTPUTS) => snapshot((query) => readBatch(query, id, bound));
}

async function readBatch(
  query: Query,
  id: string,
  bound: OutputBound,
): Promise<StoredBatch | null> {
  const [batch] = await query<BatchRow>(
    `SELECT seq, created_at, ended_at, payloads_removed_at FROM batches WHERE id = $1`,
    [id],
  );
  if (batch === undefined) return null;
  const jobs = await query<BatchJobRow>(FIND_JOBS, [batch.seq]);
  bound.reserve?.(bytesWithin(bound, jobs));
  const [readOutput, webhook] = await Promise.all([
    readOutputs(query, bound, jobs),
    readOwnWebhook(query, "batch", batch.seq),
  ]);
  return {
    id,
    createdAt: batch.created_at,
    endedAt: batch.ended_at,
    payloadsRemovedAt: batch.payloads_removed_at,
    webhook,
    jobs: jobs.map((row) => ({
      jobId: row.id,
      name: row.name,
      status: row.status,
      failure: toFailure(row),
      ...readOutput(row),
      payloadsRemovedAt: row.payloads_removed_at,
    })),
  };
}

interface SummaryRow extends BatchSummary {
  readonly seq: number;
}

const countOf = (state: string): string =>
  `(SELECT count(*) FROM batch_jobs WHERE batch = batches.seq AND state = '${state}')`;

const FIND_SUMMARIES = `SELECT seq, id, created_at AS "createdAt", ended_at AS "endedAt",
    (SELECT count(*) FROM batch_jobs WHERE batch = batches.seq) AS total,
    ${countOf("completed")} AS completed, ${countOf("failed")} AS failed
  FROM batches WHERE seq < $1 ORDER BY seq DESC LIMIT $2`;

export function createReadBatches(query: Query): StoreReads["batches"] {
  return async ({ limit, cursor }) => {
    const [before = Number.MAX_SAFE_INTEGER] = cursor === null ? [] : parseCursor(cursor);
    // One row more than requested shows whether there is a next page.
    const rows = await query<SummaryRow>(FIND_SUMMARIES, [before, limit + 1]);
    const { items, last } = toPage(rows, limit);
    return {
      items: items.map(toSummary),
      nextCursor: last === null ? null : toCursor(last.seq),
    };
  };
}

function toSummary(row: SummaryRow): BatchSummary {
  const { id, createdAt, endedAt, total, completed, failed } = row;
  return { id, createdAt, endedAt, total, completed, failed };
}

export function createReadBatchesToEnd(query: Query): StoreReads["batchesToEnd"] {
  return async ({ limit }) => {
    const rows = await query<{ id: string }>(
      `SELECT id FROM batches WHERE ended_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM batch_jobs WHERE batch = batches.seq AND state = 'open')
       ORDER BY seq LIMIT $1`,
      [limit],
    );
    return rows.map(({ id }) => id);
  };
}

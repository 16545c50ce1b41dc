/** A batch's one callback. Pure. */
import type { Failure } from "./errors.ts";
import { DEFAULT_OUTPUT_LIMIT_BYTES } from "./job.ts";
import type { JobStatus } from "./job-spec.ts";
import { toJsonText, type JsonText } from "./json-text.ts";

/** The most that PLAYGROUND_MAX_BATCH_JOBS may allow. */
export const MAX_BATCH_JOBS = 10_000;

/**
 * Outputs that an answer with a batch shows, in bytes: as many as one output may have by default.
 * A batch of 1,000 jobs could have 64 GiB of them, and all that is shown is held in memory.
 */
export const MAX_BATCH_OUTPUT_BYTES = DEFAULT_OUTPUT_LIMIT_BYTES;

export interface BatchCounts {
  readonly total: number;
  readonly queued: number;
  readonly running: number;
  readonly completed: number;
  readonly failed: number;
}

interface Member {
  readonly jobId: string;
  readonly status: JobStatus;
  readonly failure: Failure | null;
}

export function countJobs(jobs: readonly Pick<Member, "status">[]): BatchCounts {
  const count = (status: JobStatus): number => jobs.filter((job) => job.status === status).length;
  return {
    total: jobs.length,
    queued: count("queued"),
    running: count("running"),
    completed: count("completed"),
    failed: count("failed"),
  };
}

/** `running` until every job has ended; then `completed` if all of them did, else `failed`. */
export function batchStatus(counts: BatchCounts): "running" | "completed" | "failed" {
  if (counts.queued + counts.running > 0) return "running";
  return counts.failed === 0 ? "completed" : "failed";
}

export function batchCallback(
  batch: { readonly id: string; readonly jobs: readonly Member[] },
  at: number,
): JsonText {
  const counts = countJobs(batch.jobs);
  return toJsonText({
    status: batchStatus(counts),
    batchId: batch.id,
    timestamp: new Date(at).toISOString(),
    counts,
    jobs: batch.jobs.map(({ jobId, status, failure }) => ({
      jobId,
      status,
      error: failure?.message ?? null,
      errorCode: failure?.code ?? null,
    })),
  });
}

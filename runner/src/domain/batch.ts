/** A batch's status and its callback. Pure. */
import type { Failure } from "./errors.ts";
import { fitsIntoEvent } from "./event.ts";
import { DEFAULT_OUTPUT_LIMIT_BYTES } from "./limits.ts";
import type { JobStatus } from "./job-spec.ts";
import { toJsonText, type JsonText } from "./json-text.ts";

/** The highest value of PLAYGROUND_MAX_BATCH_JOBS. */
export const MAX_BATCH_JOBS = 10_000;

/**
 * The most bytes of outputs in one response with a batch: the default limit of a single output. The
 * response is built in memory, and the outputs of 1,000 jobs could have 64 GiB.
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

/** `running` until every job has ended, then `completed` if every job completed, otherwise `failed`. */
export function batchStatus(counts: BatchCounts): "running" | "completed" | "failed" {
  if (counts.queued + counts.running > 0) return "running";
  return counts.failed === 0 ? "completed" : "failed";
}

/** Lists no jobs if it would be larger than an event can be. `batchUrl` is where they are listed. */
export function batchCallback(
  batch: { readonly id: string; readonly jobs: readonly Member[] },
  { at, batchUrl }: { at: number; batchUrl: string },
): JsonText {
  const counts = countJobs(batch.jobs);
  const build = (jobs: readonly Member[], truncated: boolean): JsonText =>
    toJsonText({
      status: batchStatus(counts),
      batchId: batch.id,
      timestamp: new Date(at).toISOString(),
      counts,
      jobs: jobs.map(({ jobId, status, failure }) => ({
        jobId,
        status,
        error: failure?.message ?? null,
        errorCode: failure?.code ?? null,
      })),
      truncated,
      batchUrl,
    });
  const whole = build(batch.jobs, false);
  return fitsIntoEvent(whole) ? whole : build([], true);
}

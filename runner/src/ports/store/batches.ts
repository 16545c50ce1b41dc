import type { Failure } from "../../domain/errors.ts";
import type { JobStatus } from "../../domain/job-spec.ts";
import type { JsonText } from "../../domain/json-text.ts";
import type { Idempotency, NewJob, OutputBound, SubmitOutcome } from "./jobs.ts";
import type { Page, Paged } from "./page.ts";
import type { JobWebhook } from "./webhooks.ts";

/** Jobs accepted together, with one callback when all of them have ended. */
export interface NewBatch {
  readonly id: string;
  readonly jobs: readonly NewJob[];
  readonly webhook: JobWebhook | null;
  readonly idempotency: Idempotency | null;
  readonly createdAt: number;
}

/** The callback of a batch. */
export interface BatchEvent {
  readonly at: number;
  readonly body: JsonText;
}

export interface StoredBatch {
  readonly id: string;
  readonly createdAt: number;
  /** When its callback was stored; null until then. */
  readonly endedAt: number | null;
  /** When its callback's body was removed, and those of its jobs began to be; null while it has it. */
  readonly payloadsRemovedAt: number | null;
  readonly webhook: JobWebhook | null;
  /** In the order of the request. */
  readonly jobs: readonly BatchJob[];
}

/** A batch as a row of a list. The numbers are of its jobs. */
export interface BatchSummary {
  readonly id: string;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

export interface BatchJob {
  readonly jobId: string;
  readonly name: string | null;
  readonly status: JobStatus;
  readonly failure: Failure | null;
  /** The last step's output if the job is completed; null otherwise, or when it was left out. */
  readonly output: JsonText | null;
  /** True if an output exists but was left out because of the bound. */
  readonly truncated: boolean;
  /** When the output was removed, if the job had one; null while the job has its payloads. */
  readonly payloadsRemovedAt: number | null;
}

export interface BatchWrites {
  /**
   * Stores a batch and its jobs, all or none, with the rules of `submitJob`:
   * - If the batch's idempotency key is known, nothing is stored and the outcome is `duplicate`
   *   with the id of the first batch.
   * - If a job's key is known, or occurs earlier in the batch, with the same request, the batch
   *   contains that job and stores no other. With a different request the batch is refused as
   *   `duplicate` with that job's id.
   * - If the new jobs would raise the number of queued jobs above `maxQueued`, the batch is refused
   *   as `queue-full`. A batch without new jobs is accepted even if the queue is full.
   * - If the new jobs would raise the number of jobs that wait for a limit above its `maxQueued`, the
   *   batch is refused as `limit-full`.
   * - If a file that a new job names does not exist, the batch is refused as `no-file`.
   */
  submitBatch(batch: NewBatch, limits: { maxQueued: number }): Promise<SubmitOutcome>;
  /**
   * Gives a webhook to a batch that has none. If the callback is already stored, its delivery is
   * due immediately. Returns false if the batch does not exist or already has a webhook.
   */
  setBatchWebhook(batchId: string, webhook: JobWebhook): Promise<boolean>;
  /**
   * Stores the batch's callback and, if the batch has a webhook, its delivery. Happens once:
   * returns false if the callback is already stored, the batch does not exist, or not all of its
   * jobs have ended (a failed job can have been queued again).
   */
  endBatch(batchId: string, event: BatchEvent): Promise<boolean>;
}

export interface BatchReads {
  /**
   * Returns a batch, or null. Jobs' outputs are included in the jobs' order: each one that fits
   * into the bytes left of the bound. Without a bound, none is.
   */
  batch(id: string, bound?: OutputBound): Promise<StoredBatch | null>;
  /** Returns batches, the newest first. Throws `Refused` for a cursor that no page returned. */
  batches(page: Page): Promise<Paged<BatchSummary>>;
  /**
   * Returns the ids of up to `limit` batches whose jobs have all ended and whose callback is not
   * stored yet, the oldest batch first.
   */
  batchesToEnd(request: { limit: number }): Promise<readonly string[]>;
}

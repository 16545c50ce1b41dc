import type { Failure } from "../../domain/errors.ts";
import type { JobStatus } from "../../domain/job-spec.ts";
import type { JsonText } from "../../domain/json-text.ts";
import type { Idempotency, NewJob, OutputBound, SubmitOutcome } from "./jobs.ts";
import type { JobWebhook } from "./webhooks.ts";

/** Many jobs accepted together, with one callback when all have ended. */
export interface NewBatch {
  readonly id: string;
  readonly jobs: readonly NewJob[];
  readonly webhook: JobWebhook | null;
  readonly idempotency: Idempotency | null;
  readonly createdAt: number;
}

export interface BatchEvent {
  readonly at: number;
  readonly body: JsonText;
}

export interface StoredBatch {
  readonly id: string;
  readonly createdAt: number;
  /** When its callback was stored; null while jobs are left. */
  readonly endedAt: number | null;
  readonly webhook: JobWebhook | null;
  /** In the order of the request. */
  readonly jobs: readonly BatchJob[];
}

export interface BatchJob {
  readonly jobId: string;
  readonly name: string | null;
  readonly status: JobStatus;
  readonly failure: Failure | null;
  /** The last step's output of a completed job. */
  readonly output: JsonText | null;
  /** There is an output, and it was left out. */
  readonly truncated: boolean;
}

export interface BatchWrites {
  /**
   * Stores a batch and its jobs, all or none, under the same rules. A job in it whose own key is
   * known is not stored again: the batch then holds the job that is there, if its request was the
   * same; else the batch is refused as `duplicate` with that job's id.
   */
  submitBatch(batch: NewBatch, limits: { maxQueued: number }): Promise<SubmitOutcome>;
  /**
   * Gives a batch that has no webhook one: its callback goes there, at once when the batch has
   * ended. False when there is no such batch or it has a webhook already.
   */
  setBatchWebhook(batchId: string, webhook: JobWebhook): Promise<boolean>;
  /**
   * Stores the batch's callback and its delivery, once. False when it was told before, or not all of
   * its jobs have ended: one may be queued again.
   */
  endBatch(batchId: string, event: BatchEvent): Promise<boolean>;
}

export interface BatchReads {
  /** With the jobs' outputs, in their order, as far as the bound allows; without it none. */
  batch(id: string, bound?: OutputBound): Promise<StoredBatch | null>;
  /** Batches whose jobs have all ended and whose callback is not stored yet. */
  batchesToEnd(request: { limit: number }): Promise<readonly string[]>;
}

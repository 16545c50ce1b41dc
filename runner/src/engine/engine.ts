/** What the engine offers to whoever takes requests: the HTTP routes and the command line. */
import type { BatchRequest, SubmitRequest, WebhookTarget } from "./requests.ts";
import type { JobStatus } from "../domain/job-spec.ts";
import type { RelayState } from "../ports/telemetry.ts";
import type { TestedEvent } from "./webhooks/test-webhook.ts";
import type { Webhooks } from "./webhooks/webhooks.ts";

export interface StepProgress {
  /** In [0, 1], or null when the plugin cannot tell. */
  readonly fraction: number | null;
  readonly message: string | null;
  readonly at: number;
}

/** What can be heard of a job while it lives. `changed`: its stored events have grown, or it ended. */
export type JobSignal =
  | { readonly kind: "changed"; readonly status: JobStatus }
  | { readonly kind: "step-progress"; readonly progress: StepProgress };

export interface Engine {
  /** Stores the job; resolves when it is on disk. Throws `Refused`. */
  submit(request: SubmitRequest): Promise<{ jobId: string; replayed: boolean }>;
  /** Throws `Refused` where a batch has too many jobs for any of them to be looked at. */
  checkBatchSize(jobs: number): void;
  /** Stores a batch and its jobs, all or none. Throws `Refused`. */
  submitBatch(request: BatchRequest): Promise<{ batchId: string; replayed: boolean }>;
  /** Gives a batch that has none its webhook. Throws `Refused`. */
  setBatchWebhook(batchId: string, webhook: WebhookTarget): Promise<void>;
  /** Resolves when every job of the batch has ended or the signal aborts. */
  waitForBatch(batchId: string, options: { signal: AbortSignal }): Promise<void>;
  readonly webhooks: Webhooks;
  /** Sends a persistent webhook a sample of each kind that it wants. Throws `Refused`. */
  testWebhook(id: string, options: { signal: AbortSignal }): Promise<readonly TestedEvent[]>;
  /** Sends again what a webhook failed to take since the instant. Throws `Refused`. */
  recoverWebhook(id: string, since: number): Promise<{ recovered: number; more: boolean }>;
  /** Sends one delivery again. Throws `Refused`. */
  redeliver(deliveryId: string): Promise<void>;
  /** The names of a job's webhook's headers; their values are never shown. */
  headerNames(webhook: { readonly sealed: string | null }): readonly string[];
  /** What is on its way now, for the metrics. */
  relayState(): RelayState;
  /** Ends a queued job at once; asks a running one to stop, and returns. Throws `Refused`. */
  cancel(jobId: string): Promise<void>;
  /** Puts a failed job back into the queue at the step that failed. Throws `Refused`. */
  retry(jobId: string): Promise<void>;
  /** Resolves when the job has ended or the signal aborts. */
  waitForEnd(jobId: string, options: { signal: AbortSignal }): Promise<void>;
  /** Calls the listener until the function it returns is called. */
  listen(jobId: string, listener: (signal: JobSignal) => void): () => void;
  /** What the running step said last; null when it runs elsewhere, said nothing, or has ended. */
  stepProgress(jobId: string): StepProgress | null;
  /** Takes work until stopped. */
  start(): Promise<void>;
  /**
   * Takes no new work, gives running steps the grace period, puts what is left back into the
   * queue, and waits for deliveries in flight.
   */
  stop(options: { graceMs: number }): Promise<void>;
}

/** What the engine offers to the HTTP routes. */
import type { DestinationHealth, Hold } from "../domain/hold.ts";
import type { TraceContext } from "../domain/trace-context.ts";
import type { WaitingFor } from "../domain/waiting-for.ts";
import type { RetryFrom } from "../ports/store/jobs.ts";
import type { BatchRequest, SubmitRequest, WebhookTarget } from "./requests.ts";
import type {
  DeliveryChange,
  JobChanged,
  JobSignal,
  StepProgress,
  StepProgressed,
} from "../ports/job-signal.ts";
import type { AddedTokens } from "../ports/added-tokens.ts";
import type { StoredSessions } from "../ports/stored-sessions.ts";
import type { RelayState } from "../ports/telemetry.ts";
import type { Submitted } from "./jobs/submit-job.ts";
import type { Files } from "./files/files.ts";
import type { Stats } from "./stats/read-stats.ts";
import type { EngineStatus } from "./status/read-status.ts";
import type { BulkActs } from "./bulk/bulk-acts.ts";
import type { Limits } from "./limits/limits.ts";
import type { Secrets } from "./plugin-secrets/secrets.ts";
import type { Schedules } from "./schedules/schedules.ts";
import type { ProbeWebhook } from "./webhooks/probe-webhook.ts";
import type { TestedEvent } from "./webhooks/test-webhook.ts";
import type { Webhooks } from "./webhooks/webhooks.ts";

/**
 * A change that is stored, or the progress of a step. `missed`: changes of other daemons may not have been
 * heard.
 */
export type LiveChange =
  | { readonly kind: "missed" }
  | { readonly kind: "job"; readonly jobId: string; readonly change: JobChanged | StepProgressed }
  | { readonly kind: "delivery"; readonly delivery: DeliveryChange };

/** The part of a webhook's encrypted contents that is shown. */
export interface WebhookShown {
  /** The headers' values are never shown. */
  readonly headerNames: readonly string[];
  /** Whether the endpoint's certificate must be valid. */
  readonly verifyTls: boolean;
}

export interface Engine {
  /** Stores the job. Resolves when it is on disk. Throws `Refused`. */
  submit(request: SubmitRequest): Promise<Submitted>;
  /** Throws `Refused` if a batch has too many jobs, before any of them is checked. */
  checkBatchSize(jobs: number): void;
  /** Stores a batch with all its jobs, or nothing. Throws `Refused`. */
  submitBatch(request: BatchRequest): Promise<{ batchId: string; replayed: boolean }>;
  /** Sets the webhook of a batch that has none. Throws `Refused`. */
  setBatchWebhook(batchId: string, webhook: WebhookTarget): Promise<void>;
  /** Resolves when every job of the batch has ended or the signal aborts. */
  waitForBatch(batchId: string, options: { signal: AbortSignal }): Promise<void>;
  readonly webhooks: Webhooks;
  /** Tries a webhook's URL before it is stored. Throws `Refused`: WEBHOOK_UNREACHABLE. */
  readonly probeWebhook: ProbeWebhook;
  /** Sends a persistent webhook a sample event of each kind that it wants. Throws `Refused`. */
  testWebhook(id: string, options: { signal: AbortSignal }): Promise<readonly TestedEvent[]>;
  /** Sends a webhook's failed deliveries since the instant again. Throws `Refused`. */
  recoverWebhook(id: string, since: number): Promise<{ recovered: number; more: boolean }>;
  /** Sends a destination's failed deliveries since the instant again. Throws `Refused`. */
  recoverDestination(id: string, since: number): Promise<{ recovered: number; more: boolean }>;
  /** Why nothing is sent to a destination now; null if something can be. */
  holdOf(health: DestinationHealth): Hold | null;
  /** Sends one delivery again. Throws `Refused`. */
  redeliver(deliveryId: string): Promise<void>;
  /** What is shown of the encrypted part of a job's or a batch's webhook. */
  shownOf(webhook: { readonly id: string; readonly sealed: string | null }): WebhookShown;
  /** What a waiting job waits for now, as a sentence. */
  explainWait(waitingFor: WaitingFor): string;
  /** The names of the plugins that the other running daemons can run. */
  pluginsElsewhere(): readonly string[];
  /** Where a trace is shown; null if the operator has not said it. */
  traceUrl(traceId: string): string | null;
  readonly files: Files;
  /** The tokens in the store. Null if they are elsewhere. */
  readonly tokens: AddedTokens | null;
  readonly sessions: StoredSessions;
  /** What happened, counted by minute and hour. */
  readonly stats: Stats;
  /** How many threads there are, and how many a job uses now. */
  threads(): { readonly total: number; readonly busy: number };
  /** How the daemon is now. */
  status(): Promise<EngineStatus>;
  /** The deliveries in flight, for the metrics. */
  relayState(): RelayState;
  /** Ends a job. Does not wait for a running plugin to stop. Throws `Refused`. */
  cancel(jobId: string): Promise<void>;
  /** Puts a failed job back into the queue, at the step that failed or at the first. Throws `Refused`. */
  retry(
    jobId: string,
    how?: { from?: RetryFrom | undefined; trace?: TraceContext | null },
  ): Promise<void>;
  /** Deletes a job that has ended. `by` is the name of the token, for the log. Throws `Refused`. */
  deleteJob(jobId: string, by: string | null): Promise<void>;
  /** One act on many jobs. */
  readonly bulkActs: BulkActs;
  /** Tells the other daemons that this one is up. Its start does it too. */
  readonly beat: () => Promise<void>;
  readonly schedules: Schedules;
  readonly limits: Limits;
  readonly secrets: Secrets;
  /** Resolves when the job has ended or the signal aborts. */
  waitForEnd(jobId: string, options: { signal: AbortSignal }): Promise<void>;
  /** Returns a function that removes the listener. */
  listen(jobId: string, listener: (signal: JobSignal) => void): () => void;
  /** Like `listen`, for the changes of all jobs and deliveries. */
  listenToAll(listener: (change: LiveChange) => void): () => void;
  /**
   * The latest progress of the running step. Null if it reported none or has ended. That of a step of another
   * daemon is asked for, and known a little later.
   */
  stepProgress(jobId: string): StepProgress | null;
  /** Runs jobs and sends deliveries until `stop`. */
  start(): Promise<void>;
  /**
   * Starts nothing new, gives running steps the grace period, puts the jobs that remain back into
   * the queue, and waits for deliveries in flight.
   */
  stop(options: { graceMs: number }): Promise<void>;
}

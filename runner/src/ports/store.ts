/**
 * What the engine and the HTTP layer need stored. Two stores fit it: SQLite and PostgreSQL.
 *
 * Every writing method is one atomic change, durable when its promise resolves. A store groups the
 * changes that are called while a commit is under way into one transaction (reference: 45,000
 * grouped against 6,000 single inserts a second on PostgreSQL), so callers call freely, without
 * batching of their own. Changes take effect in the order of the calls.
 */
import type { DeliveryState } from "../domain/delivery.ts";
import type { Failure } from "../domain/errors.ts";
import type { EventKind, JobEvent } from "../domain/event.ts";
import type { JobSpec, JobStatus, RunningJob, StepRecord, Transition } from "../domain/job.ts";
import type { JsonText } from "../domain/json-text.ts";
import type { LogLine } from "./plugin-pool.ts";

/** A webhook given with a job. */
export interface JobWebhook {
  readonly id: string;
  readonly url: string;
  /** Headers, sealed by the vault; null when there are none. */
  readonly sealed: string | null;
  /** Null wants all kinds. */
  readonly on: readonly EventKind[] | null;
  readonly retries: number;
  /** The lane that its deliveries take: the URL's origin. */
  readonly lane: LaneSpec;
}

/** Deliveries of one lane share a window, a rate limit and a circuit (domain/lane). */
export interface LaneSpec {
  /** The origin of jobs' own webhooks, or the id of a persistent one. */
  readonly key: string;
  readonly ratePerSecond: number | null;
}

export const WEBHOOK_STATES = ["active", "paused", "off"] as const;
/** `paused`: events are kept for later. `off`: switched off by its failures, events pass it by. */
export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** What can be changed of a persistent webhook. */
export interface WebhookSpec {
  readonly url: string;
  /** Headers and secrets, sealed by the vault. */
  readonly sealed: string;
  readonly on: readonly EventKind[] | null;
  readonly retries: number;
  /** Jobs with any of these plugins; null for all. */
  readonly plugins: readonly string[] | null;
  /** Jobs of this name; null for all. */
  readonly jobName: string | null;
  /** For an attempt's whole exchange. */
  readonly timeoutMs: number;
  readonly ratePerSecond: number | null;
  /** From then on no event goes to it. */
  readonly expiresAt: number | null;
}

export interface NewWebhook extends WebhookSpec {
  readonly id: string;
  /** Equal for the same url and filter: such a webhook is registered once. */
  readonly identity: string;
  readonly createdAt: number;
}

export interface StoredWebhook extends WebhookSpec {
  readonly id: string;
  readonly identity: string;
  /** Never changes. */
  readonly lane: number;
  readonly state: WebhookState;
  /** Why it is off. */
  readonly reason: string | null;
  /** Since when every attempt has failed. */
  readonly failingSince: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface WebhookPatch extends Partial<WebhookSpec> {
  readonly identity?: string;
  readonly state?: WebhookState;
  readonly reason?: string | null;
}

export type RegisterOutcome =
  | { readonly kind: "created" }
  | { readonly kind: "existing"; readonly id: string }
  | { readonly kind: "limit"; readonly count: number };

export interface NewJob extends JobSpec {
  readonly webhook: JobWebhook | null;
  readonly idempotency: Idempotency | null;
}

export interface Idempotency {
  readonly key: string;
  /** Equal for equal requests alone. */
  readonly fingerprint: string;
}

/** Many jobs accepted together, with one callback when all have ended. */
export interface NewBatch {
  readonly id: string;
  readonly jobs: readonly NewJob[];
  readonly webhook: JobWebhook | null;
  readonly idempotency: Idempotency | null;
  readonly createdAt: number;
}

/** `taken`: another webhook has the url and filter that this one would get. */
export type UpdateOutcome = "updated" | "missing" | "taken";

export type SubmitOutcome =
  | { readonly kind: "accepted" }
  /** The key is known: `sameRequest` tells whether it came with this fingerprint. */
  | { readonly kind: "duplicate"; readonly id: string; readonly sameRequest: boolean }
  | { readonly kind: "queue-full"; readonly queued: number };

export interface BatchEvent {
  readonly at: number;
  readonly body: JsonText;
}

/** The right to change a job: held until its lease ends or someone claims it again. */
export interface Claim {
  readonly jobId: string;
  readonly fence: number;
}

export interface AttemptRecord {
  readonly number: number;
  readonly at: number;
  readonly durationMs: number;
  /** The HTTP status, or null when there was no answer. */
  readonly status: number | null;
  readonly response: string | null;
  readonly error: string | null;
}

/** `batch`: the one callback of a batch. */
export type DeliveryKind = EventKind | "batch";

/** Where a delivery goes, as the webhook is now: a changed url holds for what was queued before. */
export interface DeliveryTarget {
  readonly webhookId: string;
  readonly isPersistent: boolean;
  readonly url: string;
  readonly sealed: string | null;
  readonly retries: number;
  readonly timeoutMs: number | null;
  readonly expiresAt: number | null;
  readonly failingSince: number | null;
}

/** A lane in which deliveries are due. */
export interface DueLane extends LaneSpec {
  readonly id: number;
}

export interface ClaimedDelivery {
  readonly id: string;
  /** Whose event it is: a job's or a batch's id. */
  readonly subjectId: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly body: JsonText;
  /** Of the body, in UTF-8. */
  readonly bytes: number;
  readonly lane: number;
  readonly eventAt: number;
  readonly target: DeliveryTarget;
  /** Attempts made so far. */
  readonly attempts: number;
  readonly retriesUsed: number;
}

export interface AttemptOutcome {
  readonly deliveryId: string;
  readonly attempt: AttemptRecord;
  readonly state: "due" | "delivered" | "dead";
  /** When it is tried again; only with `due`. */
  readonly dueAt: number | null;
  readonly retriesUsed: number;
  /** Why it is dead; only with `dead`. */
  readonly reason: string | null;
  /** Whether the endpoint took it, for `failingSince` of a persistent webhook; null says nothing. */
  readonly tookIt: boolean | null;
}

export interface JobWrites {
  /** Stores a job as `queued`, once per idempotency key, unless `maxQueued` are queued already. */
  submitJob(job: NewJob, limits: { maxQueued: number }): Promise<SubmitOutcome>;
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
  /**
   * Leases up to `limit` jobs that are queued and due, highest priority first, then oldest first.
   * Each gets status `running`, a new fence and one more step attempt. Up to `ahead` more are leased
   * to wait for a thread, but none behind a job that was interrupted before (whatever took the
   * daemon down then must not count against those that wait), and only while the inputs are small.
   * A job on the last try of its step is leased when no other is running, and none while it runs: a
   * crash is then its own doing, and fails no job that ran beside one that crashes.
   */
  claimJobs(request: {
    owner: string;
    limit: number;
    ahead: number;
    now: number;
    leaseUntil: number;
  }): Promise<readonly RunningJob[]>;
  /**
   * Stores a transition, its events and their deliveries to every webhook that wants them, in one
   * transaction. False, and nothing stored, when the job has ended, the fence is not the newest, or
   * the events do not follow on the last one stored.
   */
  commitTransition(claim: Claim, transition: Transition): Promise<boolean>;
  /** Puts leased jobs back into the queue. An attempt that does not count is one that nothing came of. */
  releaseJobs(
    claims: readonly Claim[],
    request: { readonly countsAttempt: boolean },
  ): Promise<void>;
  /** A failed job goes back into the queue at the step that failed. False if it is not failed. */
  requeueJob(claim: Claim, change: { now: number }): Promise<boolean>;
  /** Extends the leases of the jobs still in hand; one that is not named runs out. */
  renewLeases(claims: readonly Claim[], request: { leaseUntil: number }): Promise<void>;
  /**
   * Frees jobs and deliveries leased by owners that are gone: whose lease ended before `now`, and,
   * in a store that one daemon alone can open, all that are not `owner`'s. Tells how many jobs.
   */
  reap(request: { owner: string; now: number }): Promise<number>;
  setMeta(key: string, value: string): Promise<void>;
  appendLogs(jobId: string, entries: readonly NewLogEntry[]): Promise<void>;
  /**
   * Deletes up to `limit` jobs that ended before the instant and have no delivery left to make; those
   * of a batch only with it, when its callback was stored before the instant and has no delivery left.
   */
  pruneJobs(request: { endedBefore: number; limit: number }): Promise<number>;
}

export interface DeliveryWrites {
  /**
   * Leases deliveries that are due in the lanes named, up to each lane's limit: first tries before
   * retries, then by the time they became due. Afterwards each lane named stands behind all others
   * that are due (its turn is over). `maxBytes` bounds the bodies of one claim; one always fits, and
   * a lane for which no bytes were left keeps its turn.
   */
  claimDeliveries(request: {
    owner: string;
    lanes: readonly { readonly id: number; readonly limit: number }[];
    now: number;
    leaseUntil: number;
    maxBytes: number;
  }): Promise<readonly ClaimedDelivery[]>;
  /** No delivery of the lane counts as due before the instant; an earlier one shortens the hold. */
  holdLane(request: { lane: number; until: number }): Promise<void>;
  /**
   * Keeps the attempt; when the delivery has ended, the next in line becomes due at once. When the
   * delivery was given up meanwhile, a success still counts and a failure changes nothing. Does
   * nothing when it was deleted, with its webhook or its job.
   */
  recordAttempt(outcome: AttemptOutcome): Promise<void>;
  /** Gives leased deliveries back, due at once, with no attempt counted. */
  releaseDeliveries(ids: readonly string[]): Promise<void>;
  /**
   * Sends one again by hand. One that has ended becomes due at once with no retry left (so it is
   * tried once), and what is behind it in its line waits for it; one that waits for its retry is due
   * now instead. A hold of its lane is over. False, and nothing changed, when there is none, or it is
   * in flight or behind another of its job.
   */
  redeliver(id: string, request: { now: number }): Promise<boolean>;
  /**
   * Makes the webhook's dead deliveries of events since the instant deliverable again, with all
   * their retries and in their jobs' order, and those that wait for a retry due now; what was
   * delivered stays so. A hold of its lane is over. `more`: the limit was reached, call again.
   */
  recoverDeliveries(request: {
    webhookId: string;
    since: number;
    limit: number;
    now: number;
  }): Promise<{ readonly recovered: number; readonly more: boolean }>;
  /** Moves what is due after `now` by so much: for a clock that was set. */
  shiftDue(request: { now: number; byMs: number }): Promise<void>;
}

export interface WebhookWrites {
  registerWebhook(webhook: NewWebhook, limits: { maxWebhooks: number }): Promise<RegisterOutcome>;
  /**
   * Changes what the patch names. `off` gives up what was queued, with the reason; `paused` keeps
   * it; `active` lets it go on, ends a hold of its lane and forgets the failures.
   */
  updateWebhook(id: string, patch: WebhookPatch, request: { now: number }): Promise<UpdateOutcome>;
  /** Removes it with its deliveries. False when there is no such webhook. */
  removeWebhook(id: string): Promise<boolean>;
  /** Removes up to `limit` webhooks that expired before `now` and have nothing left to deliver. */
  pruneWebhooks(request: { now: number; limit: number }): Promise<number>;
}

export interface NewLogEntry extends LogLine {
  readonly step: number;
}

export interface Page {
  readonly limit: number;
  /** The cursor that the page before gave, or null for the first. */
  readonly cursor: string | null;
}

export interface Paged<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export interface JobSummary {
  readonly id: string;
  readonly status: JobStatus;
  readonly name: string | null;
  readonly plugins: readonly string[];
  readonly priority: number;
  readonly createdAt: number;
  readonly runAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly completedSteps: number;
  readonly failure: Failure | null;
}

/** The whole job, as the store holds it. */
export interface StoredJob {
  readonly spec: JobSpec;
  readonly status: JobStatus;
  readonly fence: number;
  readonly sequence: number;
  readonly stepAttempts: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly failure: Failure | null;
  readonly steps: readonly StoredStep[];
  readonly webhook: JobWebhook | null;
}

export interface StoredStep extends StepRecord {
  /** There is an output, and it was left out. */
  readonly truncated: boolean;
}

/** Outputs over this are left out, without being read. */
export interface OutputBound {
  readonly maxOutputBytes: number;
}

export interface JobFilter {
  readonly status?: JobStatus;
  readonly plugin?: string;
  readonly name?: string;
  readonly createdAfter?: number;
  readonly createdBefore?: number;
}

export interface LogEntry extends NewLogEntry {
  /** Grows within the job; the cursor of the log. */
  readonly number: number;
}

export interface DeliverySummary {
  readonly id: string;
  /** Null for a batch's callback. */
  readonly jobId: string | null;
  readonly batchId: string | null;
  readonly webhookId: string;
  readonly url: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly state: DeliveryState;
  readonly dueAt: number | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly attempts: number;
  readonly reason: string | null;
}

export interface StoredDelivery extends DeliverySummary {
  readonly lane: number;
  /** Every attempt, in order. */
  readonly log: readonly AttemptRecord[];
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

export interface DeliveryFilter {
  readonly jobId?: string;
  readonly batchId?: string;
  readonly webhookId?: string;
  readonly state?: DeliveryState;
}

export interface StoreCounts {
  readonly jobs: Readonly<Record<JobStatus, number>>;
  readonly deliveries: Readonly<Record<DeliveryState, number>>;
  /** Persistent ones. */
  readonly webhooks: Readonly<Record<WebhookState, number>>;
}

export interface StoreReads {
  /** With the steps' outputs, the last one first, as far as the bound allows; without it none. */
  job(id: string, bound?: OutputBound): Promise<StoredJob | null>;
  /** Newest first. */
  jobs(filter: JobFilter, page: Page): Promise<Paged<JobSummary>>;
  /** Events with a sequence above `after`, in order. */
  events(jobId: string, request: { after: number; limit: number }): Promise<readonly JobEvent[]>;
  logs(jobId: string, request: { after: number; limit: number }): Promise<readonly LogEntry[]>;
  /** Newest first. */
  deliveries(filter: DeliveryFilter, page: Page): Promise<Paged<DeliverySummary>>;
  delivery(id: string): Promise<StoredDelivery | null>;
  webhook(id: string): Promise<StoredWebhook | null>;
  /** Oldest first. */
  webhooks(page: Page): Promise<Paged<StoredWebhook>>;
  /** Lanes with deliveries due, the one that has waited longest first; `except` are left out. */
  dueLanes(request: {
    now: number;
    limit: number;
    except: readonly number[];
  }): Promise<readonly DueLane[]>;
  /** With the jobs' outputs, in their order, as far as the bound allows; without it none. */
  batch(id: string, bound?: OutputBound): Promise<StoredBatch | null>;
  /** Batches whose jobs have all ended and whose callback is not stored yet. */
  batchesToEnd(request: { limit: number }): Promise<readonly string[]>;
  /** A value that the store keeps about itself, such as the check of the vault's key. */
  meta(key: string): Promise<string | null>;
  counts(): Promise<StoreCounts>;
  /** When the next job that is scheduled for later becomes due; null when there is none. */
  nextJobDue(): Promise<number | null>;
  /** When the next lane has deliveries due, `except` left out; an instant gone by: now. */
  nextLaneDue(request: { except: readonly number[] }): Promise<number | null>;
}

export interface Store extends JobWrites, DeliveryWrites, WebhookWrites, StoreReads {
  /** Finishes what was called before, then closes. */
  close(): Promise<void>;
}

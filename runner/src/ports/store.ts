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
  readonly headers: Readonly<Record<string, string>>;
  /** Null wants all kinds. */
  readonly on: readonly EventKind[] | null;
  readonly retries: number;
}

export interface NewJob extends JobSpec {
  readonly webhook: JobWebhook | null;
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
}

export type SubmitOutcome =
  | { readonly kind: "accepted" }
  /** The key is known: `sameRequest` tells whether it came with this fingerprint. */
  | { readonly kind: "duplicate"; readonly jobId: string; readonly sameRequest: boolean }
  | { readonly kind: "queue-full"; readonly queued: number };

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

export interface ClaimedDelivery {
  readonly id: string;
  readonly jobId: string;
  readonly sequence: number;
  readonly kind: EventKind;
  readonly body: JsonText;
  readonly eventAt: number;
  readonly webhook: JobWebhook;
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
}

export interface JobWrites {
  /** Stores a job as `queued`, once per idempotency key, unless `maxQueued` are queued already. */
  submitJob(job: NewJob, limits: { maxQueued: number }): Promise<SubmitOutcome>;
  /**
   * Leases up to `limit` jobs that are queued and due, highest priority first, then oldest first.
   * Each gets status `running`, a new fence and one more step attempt. Up to `ahead` more are leased
   * to wait for a thread, but none behind a job that was interrupted before (whatever took the
   * daemon down then must not count against those that wait), and only while the inputs are small.
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
  /** Puts leased jobs back into the queue; the begun step does not count as an attempt. */
  releaseJobs(claims: readonly Claim[]): Promise<void>;
  /** A failed job goes back into the queue at the step that failed. False if it is not failed. */
  requeueJob(claim: Claim, change: { now: number }): Promise<boolean>;
  /** Extends the leases of the jobs still in hand; one that is not named runs out. */
  renewLeases(claims: readonly Claim[], request: { leaseUntil: number }): Promise<void>;
  /**
   * Frees jobs and deliveries leased by owners that are gone: whose lease ended before `now`, and,
   * in a store that one daemon alone can open, all that are not `owner`'s. Tells how many jobs.
   */
  reap(request: { owner: string; now: number }): Promise<number>;
  appendLogs(jobId: string, entries: readonly NewLogEntry[]): Promise<void>;
  /** Deletes up to `limit` jobs that ended before the instant and have no delivery left to make. */
  pruneJobs(request: { endedBefore: number; limit: number }): Promise<number>;
}

export interface DeliveryWrites {
  /** Leases up to `limit` deliveries that are due, oldest due first. */
  claimDeliveries(request: {
    owner: string;
    limit: number;
    now: number;
    leaseUntil: number;
  }): Promise<readonly ClaimedDelivery[]>;
  /** Keeps the attempt; when the delivery has ended, the next in line becomes due at once. */
  recordAttempt(outcome: AttemptOutcome): Promise<void>;
  /** Gives leased deliveries back, due at once, with no attempt counted. */
  releaseDeliveries(ids: readonly string[]): Promise<void>;
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
  readonly steps: readonly StepRecord[];
  readonly webhook: JobWebhook | null;
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
  readonly jobId: string;
  readonly webhookId: string;
  readonly url: string;
  readonly sequence: number;
  readonly kind: EventKind;
  readonly state: DeliveryState;
  readonly dueAt: number | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly attempts: number;
  readonly reason: string | null;
}

export interface DeliveryFilter {
  readonly jobId?: string;
  readonly webhookId?: string;
  readonly state?: DeliveryState;
}

export interface StoreCounts {
  readonly jobs: Readonly<Record<JobStatus, number>>;
  readonly deliveries: Readonly<Record<DeliveryState, number>>;
}

export interface StoreReads {
  job(id: string): Promise<StoredJob | null>;
  /** Newest first. */
  jobs(filter: JobFilter, page: Page): Promise<Paged<JobSummary>>;
  /** Events with a sequence above `after`, in order. */
  events(jobId: string, request: { after: number; limit: number }): Promise<readonly JobEvent[]>;
  logs(jobId: string, request: { after: number; limit: number }): Promise<readonly LogEntry[]>;
  /** Newest first. */
  deliveries(filter: DeliveryFilter, page: Page): Promise<Paged<DeliverySummary>>;
  delivery(
    id: string,
  ): Promise<(DeliverySummary & { readonly log: readonly AttemptRecord[] }) | null>;
  counts(): Promise<StoreCounts>;
  /** When the next job or delivery that is not due yet becomes due; null when there is none. */
  nextDue(): Promise<{ readonly job: number | null; readonly delivery: number | null }>;
}

export interface Store extends JobWrites, DeliveryWrites, StoreReads {
  /** Finishes what was called before, then closes. */
  close(): Promise<void>;
}

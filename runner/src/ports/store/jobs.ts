import type { Failure } from "../../domain/errors.ts";
import type { JobEvent } from "../../domain/event.ts";
import type { RunningJob, StepRecord, Transition } from "../../domain/job.ts";
import type { JobSpec, JobStatus } from "../../domain/job-spec.ts";
import type { JobWebhook } from "./webhooks.ts";
import type { Page, Paged } from "./page.ts";

export interface NewJob extends JobSpec {
  readonly webhook: JobWebhook | null;
  readonly idempotency: Idempotency | null;
}

export interface Idempotency {
  readonly key: string;
  /** Equal for equal requests alone. */
  readonly fingerprint: string;
}

export type SubmitOutcome =
  | { readonly kind: "accepted" }
  /** The key is known: `sameRequest` tells whether it came with this fingerprint. */
  | { readonly kind: "duplicate"; readonly id: string; readonly sameRequest: boolean }
  | { readonly kind: "queue-full"; readonly queued: number };

/** The right to change a job: held until its lease ends or someone claims it again. */
export interface Claim {
  readonly jobId: string;
  readonly fence: number;
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

export interface JobWrites {
  /** Stores a job as `queued`, once per idempotency key, unless `maxQueued` are queued already. */
  submitJob(job: NewJob, limits: { maxQueued: number }): Promise<SubmitOutcome>;
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
}

export interface JobReads {
  /** With the steps' outputs, the last one first, as far as the bound allows; without it none. */
  job(id: string, bound?: OutputBound): Promise<StoredJob | null>;
  /** Newest first. */
  jobs(filter: JobFilter, page: Page): Promise<Paged<JobSummary>>;
  /** Events with a sequence above `after`, in order. */
  events(jobId: string, request: { after: number; limit: number }): Promise<readonly JobEvent[]>;
  /** When the next job that is scheduled for later becomes due; null when there is none. */
  nextJobDue(): Promise<number | null>;
}

import type { Failure } from "../../domain/errors.ts";
import type { JobEvent } from "../../domain/event.ts";
import type { RunningJob, StepRecord, Transition, WaitingFor } from "../../domain/job.ts";
import type { JobSpec, JobStatus } from "../../domain/job-spec.ts";
import type { JobWebhook } from "./webhooks.ts";
import type { Page, Paged } from "./page.ts";

export interface NewJob extends JobSpec {
  readonly webhook: JobWebhook | null;
  readonly idempotency: Idempotency | null;
}

/** Identifies a request, so that a repeated request stores nothing. */
export interface Idempotency {
  readonly key: string;
  /** Equal for equal requests only. */
  readonly fingerprint: string;
}

export type SubmitOutcome =
  | { readonly kind: "accepted" }
  /** The key is known. `sameRequest` is true if it was stored with the same fingerprint. */
  | { readonly kind: "duplicate"; readonly id: string; readonly sameRequest: boolean }
  | { readonly kind: "queue-full"; readonly queued: number };

/**
 * The right to change a job. It is valid as long as `fence` is the job's newest fence: each claim,
 * release and requeue of the job gives it a new one.
 */
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

/** Everything that is stored about a job except events, logs and deliveries. */
export interface StoredJob {
  readonly spec: JobSpec;
  readonly status: JobStatus;
  readonly fence: number;
  readonly sequence: number;
  readonly stepAttempts: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly failure: Failure | null;
  /** Null unless the job is queued and waits. */
  readonly waitingFor: WaitingFor | null;
  readonly steps: readonly StoredStep[];
  readonly webhook: JobWebhook | null;
}

export interface StoredStep extends StepRecord {
  /** True if an output exists but was left out because of the bound. */
  readonly truncated: boolean;
}

/** Limits the outputs in one read, in UTF-8 bytes. Outputs that do not fit are not read. */
export interface OutputBound {
  readonly maxOutputBytes: number;
  /**
   * Called once before anything large is read, with the bytes of the job's texts or of the batch's
   * outputs. If it throws, nothing is read.
   */
  readonly reserve?: (bytes: number) => void;
}

export interface ClaimedJobs {
  readonly jobs: readonly RunningJob[];
  /** The claim ended early because many jobs began to wait: other jobs can be ready behind them. */
  readonly more: boolean;
}

/** A job matches if it meets every condition that is given. */
export interface JobFilter {
  readonly status?: JobStatus;
  /** The exact name of one of the job's plugins. */
  readonly plugin?: string;
  readonly name?: string;
  /** Exclusive, as is `createdBefore`. */
  readonly createdAfter?: number;
  readonly createdBefore?: number;
}

export interface JobWrites {
  /**
   * Stores a job as `queued`, once per idempotency key. If the key is known, nothing is stored and
   * the outcome is `duplicate` with the first job's id, even if the queue is full. If `maxQueued`
   * jobs are queued already, the outcome is `queue-full`, and the key stays free.
   */
  submitJob(job: NewJob, limits: { maxQueued: number }): Promise<SubmitOutcome>;
  /**
   * Claims up to `limit` jobs that are queued and whose `runAt` is not after `now`: the highest
   * priority first, then in the order of submission. Each job becomes `running` and gets a new
   * fence and one more step attempt. `startedAt` is set to `now` unless it is set already.
   *
   * Up to `ahead` more jobs are claimed, to wait for a free thread. None is claimed ahead that was
   * interrupted before, and none behind such a job: if that job crashes the daemon again, the jobs
   * behind it must not lose an attempt. Claiming ahead also stops when the claimed inputs are large;
   * the store chooses the limit.
   *
   * A job whose next plugin is not among `plugins` is not claimed: it waits from `now` on. Waiting
   * jobs cost later claims nothing. A claim with their plugin among `plugins` ends their wait, and
   * they are at their old place.
   *
   * Jobs that have waited since `waitingSinceBefore` or earlier are claimed first, with `waitedFor`,
   * within `limit`. A job that would begin to wait at such an instant is claimed in its turn.
   */
  claimJobs(request: {
    owner: string;
    limit: number;
    ahead: number;
    now: number;
    leaseUntil: number;
    plugins: readonly string[];
    waitingSinceBefore: number;
  }): Promise<ClaimedJobs>;
  /**
   * Stores a transition, its events, and a delivery of each event to every webhook that wants it,
   * in one transaction. A transition to an end removes the lease. The job need not be claimed: a
   * queued job can be failed under the fence that was read.
   *
   * A delivery is due at its event's instant, or waits if an earlier one with the same ordering key
   * is open.
   *
   * Returns false and stores nothing if the job does not exist or has ended, the fence is not the
   * newest, or the events' numbers do not continue from the last one stored.
   */
  commitTransition(claim: Claim, transition: Transition): Promise<boolean>;
  /**
   * Puts claimed jobs back into the queue, at their old place and with a new fence. If a job has no
   * event yet, its `startedAt` is null again. Claims that are no longer valid are ignored.
   *
   * `countsAttempt` is false if the attempt produced no result, and true if its result was lost.
   */
  releaseJobs(
    claims: readonly Claim[],
    request: { readonly countsAttempt: boolean },
  ): Promise<void>;
  /**
   * Puts a failed job back into the queue, at the step that failed. The step's attempts start again
   * at 0, the fence is new, and events continue with the next number. `runAt` still applies.
   * Returns false if the job does not exist or is not `failed`, or the fence is not the newest.
   */
  requeueJob(claim: Claim, change: { now: number }): Promise<boolean>;
  /** Extends the leases of running jobs. Claims that are no longer valid are ignored. */
  renewLeases(claims: readonly Claim[], request: { leaseUntil: number }): Promise<void>;
}

export interface JobReads {
  /**
   * Returns a job, or null. Steps' outputs are included from the last step back: each one that fits
   * into the bytes left of the bound. Without a bound, none is.
   */
  job(id: string, bound?: OutputBound): Promise<StoredJob | null>;
  /**
   * Returns jobs that match the filter, the newest first. A cursor stays valid while jobs are
   * added. Throws `Refused` for a cursor that no page returned.
   */
  jobs(filter: JobFilter, page: Page): Promise<Paged<JobSummary>>;
  /** Returns up to `limit` events of a job whose sequence is greater than `after`, in order. */
  events(jobId: string, request: { after: number; limit: number }): Promise<readonly JobEvent[]>;
  /**
   * Returns the earliest `runAt` of the scheduled jobs that no claim has marked due, or null. It can
   * be in the past.
   */
  nextJobDue(): Promise<number | null>;
}

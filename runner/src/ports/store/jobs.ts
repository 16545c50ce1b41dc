import type { Failure } from "../../domain/errors.ts";
import type { DeliveryState } from "../../domain/delivery.ts";
import type { EventDelivery } from "../../domain/delivery-progress.ts";
import type { JsonText } from "../../domain/json-text.ts";
import type { JobEvent } from "../../domain/event.ts";
import type { JobKey } from "../../domain/job-key.ts";
import type { DeclaredLimit } from "../../domain/plugin-limits.ts";
import type { RunningJob } from "../../domain/job.ts";
import type { StepAttempt, StepRecord, Transition } from "../../domain/transition.ts";
import type { TraceContext } from "../../domain/trace-context.ts";
import type { WaitingFor } from "../../domain/waiting-for.ts";
import type { JobSpec, JobStatus } from "../../domain/job-spec.ts";
import type { HandedOver, HandOver } from "./deliveries.ts";
import type { JobWebhook } from "./webhooks.ts";
import type { Page, Paged } from "./page.ts";

export interface NewJob extends JobSpec {
  readonly webhook: JobWebhook | null;
  readonly idempotency: Idempotency | null;
  /** The ids of the files that its input and its options name. They stay as long as the job. */
  readonly files?: readonly string[];
  /** Different ones. Left out if it has none. */
  readonly tags?: readonly string[];
  /** The limits that its steps have: those that are not stored yet are stored with it. */
  readonly declaredLimits?: readonly DeclaredLimit[];
  /** Left out if it has none. */
  readonly key?: NewJobKey;
}

export interface NewJobKey extends JobKey {
  /** Equal for requests of which one gets the job of the other. */
  readonly identity: string;
  /** A job that loses the key to this one, although it has it. */
  readonly notOf?: string;
}

export type MergeOutcome =
  | { readonly kind: "merged" }
  /** The job was claimed, changed or deleted, has the key no more, or the idempotency key is known. */
  | { readonly kind: "changed" }
  | { readonly kind: "no-file"; readonly id: string };

/** Identifies a request, so that a repeated request stores nothing. */
export interface Idempotency {
  readonly key: string;
  /** Equal for equal requests only. */
  readonly fingerprint: string;
}

export type SubmitOutcome =
  /** `claim` is present if the job was handed over: it is running under this claim. */
  | { readonly kind: "accepted"; readonly claim?: Claim }
  /**
   * The idempotency key is known. `sameRequest` is true if it was stored with the same fingerprint, and
   * `joined` is true if the request got a job that was there already.
   */
  | {
      readonly kind: "duplicate";
      readonly id: string;
      readonly sameRequest: boolean;
      readonly joined?: true;
    }
  /** Another job has the job's key. */
  | { readonly kind: "held"; readonly id: string }
  | { readonly kind: "queue-full"; readonly queued: number }
  /** As many jobs wait for a limit as may. They are counted up to `maxQueued`. */
  | {
      readonly kind: "limit-full";
      readonly name: string;
      readonly queued: number;
      readonly maxQueued: number;
    }
  /** A file that the job names does not exist. */
  | { readonly kind: "no-file"; readonly id: string };

/**
 * The right to change a job. It is valid as long as `fence` is the job's newest fence and `owner` has
 * claimed it: each claim, release and requeue of the job gives it a new fence. The owner counts too,
 * because a store that failed over can give the same fence twice.
 */
export interface Claim {
  readonly jobId: string;
  readonly fence: number;
  /** Null if nobody has claimed the job. */
  readonly owner: string | null;
}

export interface JobSummary {
  readonly id: string;
  readonly status: JobStatus;
  readonly name: string | null;
  readonly plugins: readonly string[];
  /** In the order of their characters. */
  readonly tags: readonly string[];
  readonly priority: number;
  readonly createdAt: number;
  readonly runAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** When its input, options, outputs, logs and the bodies of its events were removed; null while it has them. */
  readonly payloadsRemovedAt: number | null;
  readonly completedSteps: number;
  /** How many times the next step has been started, including this time. */
  readonly stepAttempts: number;
  /** How many attempts of the next step have failed since a client queued the job. */
  readonly failedAttempts: number;
  /** Whether the job failed in a step, and not while it waited for one. */
  readonly stepFailed: boolean;
  readonly failure: Failure | null;
  /** The id of the group of the failure. Null unless it failed, or if it failed before there were groups. */
  readonly errorGroup: string | null;
  readonly waitingFor: WaitingFor | null;
  /** Null if there are too many deliveries to read for a list. */
  readonly deliveries: readonly EventDelivery[] | null;
}

/** Everything that is stored about a job except events, logs and deliveries. */
export interface StoredJob {
  readonly spec: JobSpec;
  /** In the order of their characters. */
  readonly tags: readonly string[];
  readonly status: JobStatus;
  readonly fence: number;
  /** The daemon that has claimed the job; null unless it is running. */
  readonly owner: string | null;
  readonly sequence: number;
  readonly stepAttempts: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** When its input, options, outputs, logs and the bodies of its events were removed; null while it has them. */
  readonly payloadsRemovedAt: number | null;
  readonly failure: Failure | null;
  /** Null unless the job is queued and waits. */
  readonly waitingFor: WaitingFor | null;
  /** How many attempts of the next step have failed since the job was last queued by a client. */
  readonly failedAttempts: number;
  readonly steps: readonly StoredStep[];
  /** All attempts that failed and were followed by another, in the order of time. */
  readonly attempts: readonly StoredAttempt[];
  readonly webhook: JobWebhook | null;
  /** Left out if it was submitted without one. It stays when another job has the key. */
  readonly key?: JobKey;
}

export interface StoredAttempt extends StepAttempt {
  /** Whether a client has retried the step since: the next attempt is again the first. */
  readonly isPast: boolean;
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
  /** The claim ended early because many jobs began to wait or many slots were free: other jobs can be ready. */
  readonly more: boolean;
  /** Whether no other job was ready. Left out if the store does not know. */
  readonly isNoneReady?: boolean;
}

/** A job matches if it meets every condition that is given. */
export interface JobFilter {
  /** The job has one of these. */
  readonly status?: readonly JobStatus[];
  /** The exact name of one of the job's plugins. */
  readonly plugin?: string;
  readonly name?: string;
  readonly namePrefix?: string;
  readonly idPrefix?: string;
  /** The job has all of these. */
  readonly tags?: readonly string[];
  /** The id of an error group. */
  readonly errorGroup?: string;
  /**
   * The values at paths of the job's metadata, such as `customer.id`: a string, or a number, a boolean or
   * null as JSON writes it. Keys in arrays are not found.
   */
  readonly meta?: Readonly<Record<string, string>>;
  /** The job has a delivery in this state. */
  readonly deliveryState?: DeliveryState;
  /** Exclusive, as is `createdBefore`. */
  readonly createdAfter?: number;
  readonly createdBefore?: number;
}

export interface JobWrites {
  /**
   * Stores a job as `queued`, once per idempotency key. If the key is known, nothing is stored and
   * the outcome is `duplicate` with the first job's id, even if the queue is full. If `maxQueued`
   * jobs are queued already, the outcome is `queue-full`, and the key stays free. It is `limit-full` if the
   * job's first step has a limit, `runAt` is not later, and `maxQueued` of that limit wait for it. If one of the job's
   * files does not exist, the outcome is `no-file`, and nothing is stored.
   *
   * If another job has the job's key at its `createdAt`, the outcome is `held` with that job's id, even
   * if the queue is full. Nothing is stored but, with `dedupe`, the idempotency key, which stands for that
   * job from then on.
   *
   * With `handOver`, a store can claim the job in the same write, as `claimJobs` does at its `createdAt`,
   * if its `runAt` has come, its first step has no limit and no other job is ready. It need not.
   */
  submitJob(
    job: NewJob,
    request: {
      maxQueued: number;
      handOver?: { readonly owner: string; readonly leaseUntil: number } | undefined;
    },
  ): Promise<SubmitOutcome>;
  /**
   * Replaces the request of a job that has the key and for which no plugin has run, under the claim that
   * was read: its input and options, name, metadata, tags, priority, policies and webhook, and its `runAt`.
   * It counts the merge, and gives the job a new fence. The idempotency key stands for the job from then on.
   * Files that it named before are kept.
   */
  mergeJob(
    claim: Claim,
    merge: {
      readonly job: NewJob;
      readonly identity: string;
      readonly now: number;
      readonly idempotency: Idempotency | null;
    },
  ): Promise<MergeOutcome>;
  /**
   * Claims up to `limit` jobs that are queued and whose `runAt` is not after `now`: the highest
   * priority first, then in the order of submission. Of many scheduled jobs, each claim adds up to a
   * thousand, the earliest `runAt` first. Each job becomes `running` and gets a new
   * fence and one more step attempt. `startedAt` is set to `now` unless it is set already.
   *
   * Up to `ahead` more jobs are claimed, to wait for a free thread. None is claimed ahead that was
   * interrupted before, and none behind such a job: if that job crashes the daemon again, the jobs
   * behind it must not lose an attempt. Claiming ahead also stops when the claimed inputs are large;
   * the store chooses the limit.
   *
   * A job whose next step has a limit needs a slot. It has it from here on until it ends, is back in the
   * queue, or waits. There are never more jobs with a slot than the limit allows, or with a slot of the same
   * key. The claim first gives the slots that are free: to each key in its turn, and of a key to the highest
   * priority first, then in the order of submission. Jobs without a slot cost a claim nothing.
   *
   * A job whose next plugin is not among `plugins` is not claimed: it waits from `now` on. Waiting
   * jobs cost later claims nothing. A claim with their plugin among `plugins` ends their wait, and
   * they are at their old place.
   *
   * Jobs that have waited since `waitingSinceBefore` or earlier are claimed first, with `waitedFor`,
   * within `limit`. A job that would begin to wait at such an instant is claimed in its turn. If its plugin is
   * among `elsewhere`, which are those of other daemons, it is not claimed, and its wait begins again.
   */
  claimJobs(request: {
    owner: string;
    limit: number;
    ahead: number;
    now: number;
    leaseUntil: number;
    plugins: readonly string[];
    elsewhere: readonly string[];
    waitingSinceBefore: number;
  }): Promise<ClaimedJobs>;
  /**
   * Stores a transition, its events, and a delivery of each event to every webhook that wants it,
   * in one transaction. A transition to an end removes the lease. The claim need not be the caller's:
   * a job can be failed under the fence and owner that were read, whoever runs it.
   *
   * A delivery is due at its event's instant, or waits if an earlier one with the same ordering key
   * is open.
   *
   * A transition with `retry` ends the claim: the job is queued with a new `runAt` and a new fence, its
   * step attempts start again at 0, and the attempt is kept.
   *
   * With `handOver`, deliveries that are due can be handed over: then what was is returned in place of
   * true.
   *
   * Returns false and stores nothing if the job does not exist or has ended, the claim is not valid,
   * or the events' numbers do not continue from the last one stored.
   */
  commitTransition(
    claim: Claim,
    transition: Transition,
    handOver?: HandOver,
  ): Promise<boolean | HandedOver>;
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
   * Puts a failed job back into the queue, at the step that failed or, `from` the start, at the first. The step's
   * attempts start again at 0, the fence is new, and events continue with the next number. `runAt`
   * still applies. The failed step is kept as one of its attempts. From the first step, the results of
   * all steps are deleted. Its trace is replaced if there is another. Returns false if the job does not exist or is
   * not `failed`, or the claim is not valid.
   */
  requeueJob(
    claim: Claim,
    change: {
      readonly now: number;
      readonly from?: RetryFrom;
      readonly trace?: TraceContext;
    },
  ): Promise<boolean>;
  /**
   * Deletes a job that has ended, with its steps, events, logs, deliveries and own webhook. Its
   * idempotency key becomes free. A delivery that was given up does not keep it.
   */
  deleteJob(id: string): Promise<DeleteOutcome>;
}

/** Where a failed job that is retried begins. */
export type RetryFrom = "failed-step" | "start";

/** Why a job was not deleted, or that it was. */
export type DeleteOutcome =
  | "deleted"
  | "unknown"
  | "not-ended"
  /** It belongs to a batch, which shows it. */
  | "in-batch"
  /** An event has not reached every webhook and was not given up, or is being sent. */
  | "undelivered";

/** The part of a job that decides what can be done to it. */
export interface JobState {
  readonly status: JobStatus;
  readonly fence: number;
  /** The daemon that has claimed the job; null unless it is running. */
  readonly owner: string | null;
  readonly endedAt: number | null;
  /** When its input, options, outputs, logs and the bodies of its events were removed; null while it has them. */
  readonly payloadsRemovedAt: number | null;
  /** Left out if it belongs to no trace. */
  readonly trace?: TraceContext;
}

export interface JobReads {
  /**
   * Returns a job, or null. Steps' outputs are included from the last step back: each one that fits
   * into the bytes left of the bound. Without a bound, none is.
   */
  job(id: string, bound?: OutputBound): Promise<StoredJob | null>;
  /**
   * Returns the input of a job, or the output of the step with this index. Null if there is none, or
   * payloads were removed.
   * `reserve` is called with its bytes before it is read, and nothing is read if it throws.
   */
  jobValue(
    id: string,
    which: "input" | number,
    reserve?: (bytes: number) => void,
  ): Promise<JsonText | null>;
  /**
   * Returns jobs that match the filter, the newest first. A cursor stays valid while jobs are
   * added. A page can have fewer jobs than the limit, or none, and still a cursor: a store reads a
   * limited number of rows for one page. Throws `Refused` for a cursor that no page returned.
   */
  jobs(filter: JobFilter, page: Page): Promise<Paged<JobSummary>>;
  /** Returns the ids of jobs that match the filter, like `jobs`. */
  jobIds(filter: JobFilter, page: Page): Promise<Paged<string>>;
  /** Returns null if the job is unknown. */
  jobState(id: string): Promise<JobState | null>;
  /** Returns up to `limit` events of a job whose sequence is greater than `after`, in order. */
  events(jobId: string, request: { after: number; limit: number }): Promise<readonly JobEvent[]>;
  /**
   * Returns the earliest `runAt` of the scheduled jobs that no claim has marked due, or the earliest instant
   * at which a limit can give a slot, or null. It can be in the past.
   */
  nextJobDue(): Promise<number | null>;
}

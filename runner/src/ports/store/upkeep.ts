import type { DeliveryState } from "../../domain/delivery.ts";
import type { JobStatus } from "../../domain/job-spec.ts";
import type { ScheduleState } from "../../domain/schedule.ts";
import type { DeliveryClaim } from "./deliveries.ts";
import type { Claim } from "./jobs.ts";
import type { WebhookState } from "./webhooks.ts";

/** The number of rows in each state. */
export interface StoreCounts {
  readonly jobs: Readonly<Record<JobStatus, number>>;
  readonly deliveries: Readonly<Record<DeliveryState, number>>;
  /** Persistent webhooks only. */
  readonly webhooks: Readonly<Record<WebhookState, number>>;
  readonly schedules: Readonly<Record<ScheduleState, number>>;
}

export interface PruneRequest {
  readonly endedBefore: number;
  readonly failedBefore?: number;
  readonly limit: number;
  readonly after: string | null;
}

/** With the instants before which a job must have ended. */
export interface RemovePayloadsRequest extends PruneRequest {
  readonly now: number;
}

export interface PayloadsRemoved {
  readonly jobs: number;
  readonly batches: number;
  /** The last place that was looked at. */
  readonly at: string;
  /** Whether a limit ended the call. */
  readonly more: boolean;
}

export interface Pruned {
  /** The number of jobs deleted. */
  readonly jobs: number;
  /** The number of batches deleted. Their jobs can be deleted from then on. */
  readonly batches: number;
  /** The last place that was looked at. */
  readonly at: string;
  /** Whether the limit ended the call. */
  readonly more: boolean;
}

/** Claims of one daemon. */
export interface Claims {
  readonly jobs: readonly Claim[];
  readonly deliveries: readonly DeliveryClaim[];
}

/** What an operator knows a daemon by. */
export interface DaemonIdentity {
  /** The name of its machine or container. */
  readonly host: string;
  readonly processId: number;
  readonly version: string;
  readonly startedAt: number;
  /** The steps that it can run at a time. */
  readonly threads: number;
}

export interface StoredDaemon extends DaemonIdentity {
  readonly owner: string;
  /** It is up until then, unless it gives a new instant before. */
  readonly until: number;
  readonly plugins: readonly string[];
}

export interface Beat {
  readonly owner: string;
  readonly identity: DaemonIdentity;
  readonly now: number;
  /** `now` or earlier if the daemon stops. */
  readonly until: number;
  readonly plugins: readonly string[];
  readonly maxGapMs: number;
}

export interface DueShift {
  readonly now: number;
  readonly byMs: number;
  /** By default, what other daemons move does not count. */
  readonly since?: number;
  readonly after: string | null;
}

export interface UpkeepWrites {
  /**
   * Extends the leases of running jobs and of deliveries in flight. One that probes an open circuit
   * keeps its destination from being due until then. Returns the claims that are no longer valid, also
   * those whose job or delivery has ended.
   */
  renewLeases(claims: Claims, request: { leaseUntil: number }): Promise<Claims>;
  /**
   * Releases the jobs, deliveries and bulk acts whose lease expired before `now`, and those of another
   * owner that is no longer up (`beat`), which it forgets. A store that only one daemon can open also releases every
   * lease of an owner other than `owner`.
   *
   * A released job is `queued` again with a new fence, and the interrupted attempt of its step
   * counts. If the job has no event yet, its `startedAt` is null again. Deliveries are released as
   * by `releaseDeliveries`.
   *
   * Returns the number of jobs released.
   */
  reap(request: { owner: string; now: number }): Promise<number>;
  /**
   * Looks at up to `limit` jobs that ended before `endedBefore`, the oldest end first, and deletes those
   * that have no open delivery, with their steps, events, logs, deliveries and own webhooks. Their
   * idempotency keys become free. A job with a delivery that was given up at `endedBefore` or later
   * is kept, so that it can be sent again.
   *
   * Of jobs that failed, `failedBefore` is the instant, if it is given.
   *
   * A job that belongs to a batch is kept until the batch is deleted. The same call first looks at up
   * to `limit` batches whose callback was stored before both instants, by the same rules.
   *
   * Begins behind the place that `after` names, so that what may not be deleted is not read again; with
   * null, at the oldest.
   */
  pruneJobs(request: PruneRequest): Promise<Pruned>;
  /**
   * Like `pruneJobs`, but keeps the rows: removes the input, the options, the outputs, the logs and the
   * events' bodies of jobs, and the body of a batch's callback. The files that only such a job names or
   * wrote are deleted, as if the job were. The jobs of a batch follow the batch.
   *
   * Nothing of the job can be sent or run again from then on. What was removed before is not read again. Ends
   * early if the jobs are large: then a slice can have removed nothing, and still return `more`.
   */
  removePayloads(request: RemovePayloadsRequest): Promise<PayloadsRemoved>;
  /**
   * Adds `byMs`, which is negative, to every instant after `now` at which a delivery is due, a destination's pause
   * began or ends, it was last served or its tokens were counted, or since which a job waits. Includes
   * deliveries in flight. Jobs' `runAt` is not changed. Called when the system clock was set back.
   *
   * Changes a few rows, so that no other change waits long. Returns the place from which to continue
   * with the same request, or null at the end. Begins with null. If another daemon began at `since` or later, it
   * was because of the same jump of the clock they share: goes on with what that one moves.
   */
  shiftDue(request: DueShift): Promise<string | null>;
  /**
   * Stores that a daemon is up at `now` and until `until`, with the plugins that it can run. If the last
   * beat, of any daemon, is longer ago than `maxGapMs`, the time since then is time in which no daemon was
   * up. Returns the plugins of the other daemons that are up at `now`, each once.
   */
  beat(request: Beat): Promise<readonly string[]>;
  /** Stores a value about the store itself, replacing any previous value. */
  setMeta(key: string, value: string): Promise<void>;
  /** Like `setMeta`, unless the key has a value. Returns the value that it has then. */
  addMeta(key: string, value: string): Promise<string>;
}

export interface UpkeepReads {
  counts(): Promise<StoreCounts>;
  /**
   * Returns the last instant at which one of the first `count` jobs ended that ended at `from` or later.
   * Null without any.
   */
  lastEndOf(request: { from: number; count: number }): Promise<number | null>;
  /** Returns a stored value about the store, such as the check of the vault's key, or null. */
  meta(key: string): Promise<string | null>;
}

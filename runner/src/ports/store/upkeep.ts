import type { DeliveryState } from "../../domain/delivery.ts";
import type { JobStatus } from "../../domain/job-spec.ts";
import type { WebhookState } from "./webhooks.ts";

/** The number of rows in each state. */
export interface StoreCounts {
  readonly jobs: Readonly<Record<JobStatus, number>>;
  readonly deliveries: Readonly<Record<DeliveryState, number>>;
  /** Persistent webhooks only. */
  readonly webhooks: Readonly<Record<WebhookState, number>>;
}

export interface UpkeepWrites {
  /**
   * Releases the jobs and deliveries whose lease expired before `now`. A store that only one daemon
   * can open also releases every lease of an owner other than `owner`.
   *
   * A released job is `queued` again with a new fence, and the interrupted attempt of its step
   * counts. If the job has no event yet, its `startedAt` is null again. Deliveries are released as
   * by `releaseDeliveries`.
   *
   * Returns the number of jobs released.
   */
  reap(request: { owner: string; now: number }): Promise<number>;
  /**
   * Deletes up to `limit` jobs that ended before `endedBefore` and have no open delivery, the
   * oldest end first, with their steps, events, logs, deliveries and own webhooks. Their
   * idempotency keys become free. A job with a delivery that was given up at `endedBefore` or later
   * is kept, so that it can be sent again.
   *
   * A job that belongs to a batch is kept until the batch is deleted. The same call first deletes
   * up to `limit` batches whose callback was stored before `endedBefore`, by the same rules.
   *
   * Returns the number of jobs deleted.
   */
  pruneJobs(request: { endedBefore: number; limit: number }): Promise<number>;
  /**
   * Adds `byMs` to every instant after `now` at which a delivery is due, a destination's pause
   * began or ends, it was last served or its tokens were counted, or since which a job waits. Includes
   * deliveries in flight. Jobs' `runAt` is not changed. Called when the system clock was set.
   */
  shiftDue(request: { now: number; byMs: number }): Promise<void>;
  /**
   * Stores that a daemon is up at `now`. If the last beat, of any daemon, is longer ago than
   * `maxGapMs`, the time since then is time in which the daemon was down.
   */
  beat(request: { now: number; maxGapMs: number }): Promise<void>;
  /** Stores a value about the store itself, replacing any previous value. */
  setMeta(key: string, value: string): Promise<void>;
}

export interface UpkeepReads {
  counts(): Promise<StoreCounts>;
  /** Returns a value set by `setMeta`, such as the check of the vault's key, or null. */
  meta(key: string): Promise<string | null>;
}

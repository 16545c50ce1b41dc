import type { DeliveryState } from "../../domain/delivery.ts";
import type { JobStatus } from "../../domain/job-spec.ts";
import type { WebhookState } from "./webhooks.ts";

export interface StoreCounts {
  readonly jobs: Readonly<Record<JobStatus, number>>;
  readonly deliveries: Readonly<Record<DeliveryState, number>>;
  /** Persistent ones. */
  readonly webhooks: Readonly<Record<WebhookState, number>>;
}

export interface UpkeepWrites {
  /**
   * Frees jobs and deliveries leased by owners that are gone: whose lease ended before `now`, and,
   * in a store that one daemon alone can open, all that are not `owner`'s. Tells how many jobs.
   */
  reap(request: { owner: string; now: number }): Promise<number>;
  /**
   * Deletes up to `limit` jobs that ended before the instant and have no delivery left to make; those
   * of a batch only with it, when its callback was stored before the instant and has no delivery left.
   */
  pruneJobs(request: { endedBefore: number; limit: number }): Promise<number>;
  /** Moves what is due after `now` by so much: for a clock that was set. */
  shiftDue(request: { now: number; byMs: number }): Promise<void>;
  setMeta(key: string, value: string): Promise<void>;
}

export interface UpkeepReads {
  counts(): Promise<StoreCounts>;
  /** A value that the store keeps about itself, such as the check of the vault's key. */
  meta(key: string): Promise<string | null>;
}

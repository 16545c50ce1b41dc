import type { StoredDestination } from "./destinations.ts";
import type { StoredDaemon } from "./upkeep.ts";

/** What waits in the queue. */
export interface QueueState {
  /** Jobs whose `runAt` has not come, up to 1,000. */
  readonly scheduled: number;
  /** Since when the job that is next has been ready, or of several priorities the longest. Null if none is. */
  readonly oldestReadyAt: number | null;
  /** Jobs that wait for something, by what they wait for; at most 50 of them. */
  readonly waiting: readonly WaitingJobs[];
}

export interface WaitingJobs {
  /** The plugin's name. */
  readonly on: string;
  /** Up to 1,000. */
  readonly jobs: number;
  /** Since when the first of them has waited. */
  readonly since: number;
}

export interface StoreSize {
  readonly bytes: number;
  readonly freeBytes: number;
}

export interface StatusReads {
  queueState(): Promise<QueueState>;
  /**
   * Returns up to `limit` destinations with an open circuit or a pause, and up to `limit` whose webhook
   * is paused or off; of each, those that have been so for longest.
   */
  heldDestinations(request: { limit: number }): Promise<readonly StoredDestination[]>;
  /** The daemons that gave a sign of life (`beat`) and are not forgotten (`reap`); up to 100. */
  daemons(): Promise<readonly StoredDaemon[]>;
  /** The size of what is stored, and the part of it that is free for new rows, in bytes. */
  size(): Promise<StoreSize>;
}

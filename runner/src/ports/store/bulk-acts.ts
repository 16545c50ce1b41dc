import type { BulkActName, BulkCounts, BulkState } from "../../domain/bulk-act.ts";
import type { JobFilter } from "./jobs.ts";
import type { Page, Paged } from "./page.ts";

/** Where a bulk act is. */
export interface BulkPosition {
  /**
   * `counting` the jobs that match, `acting` on them page by page, or `finishing` those that are
   * pending, which are the last.
   */
  readonly phase: "counting" | "acting" | "finishing";
  /** Where the list of matching jobs goes on. */
  readonly cursor: string | null;
  /** The ids of the jobs that are next. */
  readonly pending: readonly string[];
}

export interface NewBulkAct extends BulkPosition {
  readonly id: string;
  readonly act: BulkActName;
  readonly dryRun: boolean;
  /** The name of the token of its request; null for the daemon's own. */
  readonly by: string | null;
  /** Null if it has ids, which are pending. */
  readonly filter: JobFilter | null;
  readonly matched: number;
  readonly createdAt: number;
}

export interface StoredBulkAct extends NewBulkAct, BulkCounts {
  readonly state: BulkState;
  readonly endedAt: number | null;
  /** The daemon that has claimed it. */
  readonly owner: string | null;
}

export interface BulkActLease {
  readonly owner: string;
  readonly leaseUntil: number;
}

export interface BulkActWrites {
  /** Stores a bulk act as `running`. Returns false if `maxRunning` others run. */
  createBulkAct(act: NewBulkAct, limits: { maxRunning: number }): Promise<boolean>;
  /**
   * Claims a running bulk act that nobody has claimed. `reap` releases it when the lease has expired or
   * its owner has stopped. Returns it as it is, or null if it cannot be claimed.
   */
  claimBulkAct(id: string, lease: BulkActLease): Promise<StoredBulkAct | null>;
  /**
   * Stores what the owner of a bulk act has done, and extends its lease. If the act was aborted meanwhile,
   * it stays so, and only the counts are stored. Returns its state then. Returns null and stores nothing
   * if the owner no longer has it.
   */
  saveBulkAct(
    id: string,
    progress: BulkPosition &
      BulkCounts &
      BulkActLease & { readonly state: BulkState; readonly endedAt: number | null },
  ): Promise<BulkState | null>;
  /** Ends a running bulk act as `aborted`. Returns false if it does not exist or does not run. */
  abortBulkAct(id: string, change: { now: number }): Promise<boolean>;
  /** Deletes up to `limit` bulk acts that ended before the instant. Returns their number. */
  pruneBulkActs(request: { endedBefore: number; limit: number }): Promise<number>;
}

export interface BulkActReads {
  bulkAct(id: string): Promise<StoredBulkAct | null>;
  /** Returns bulk acts, the newest first. Throws `Refused` for a cursor that no page returned. */
  bulkActs(page: Page): Promise<Paged<StoredBulkAct>>;
  /** Returns the bulk acts that run, the oldest first. */
  runningBulkActs(): Promise<readonly StoredBulkAct[]>;
}

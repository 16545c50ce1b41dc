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
}

export interface BulkActWrites {
  /** Stores a bulk act as `running`. Returns false if `maxRunning` others run. */
  createBulkAct(act: NewBulkAct, limits: { maxRunning: number }): Promise<boolean>;
  /**
   * Stores what a running bulk act has done since it was at `from`. If it was aborted meanwhile, it stays
   * so, and only the counts are stored. Returns its state then. Returns null and stores nothing if it is
   * no longer at `from`, because another daemon has gone on with it, or if it does not exist.
   */
  saveBulkAct(
    from: BulkPosition & { readonly id: string },
    progress: BulkPosition &
      BulkCounts & { readonly state: BulkState; readonly endedAt: number | null },
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

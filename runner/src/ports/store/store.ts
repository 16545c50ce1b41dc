/**
 * The contract of a store, for the engine and the HTTP layer. The SQLite store
 * implements it; `test/conformance/` checks any store.
 *
 * Every writing method is one atomic change, durable when its promise resolves. A rejected change
 * has no effect, with one exception: a `Transient` error can mean that the writer was lost during
 * the commit, and then the change may have been stored. Changes take effect in the order of the
 * calls. Reads see committed changes.
 *
 * A store groups the changes that are called during a commit into one transaction (measured on a
 * prototype on PostgreSQL: 45,000 grouped inserts a second, 6,000 single ones). Callers do not group calls.
 *
 * A text can contain any character. A store that cannot store one (U+0000 in PostgreSQL) replaces it with
 * U+FFFD, in what it looks for as well.
 *
 * Instants are milliseconds since the epoch, and come from the caller: a store reads no clock.
 */
import type { JobReads, JobWrites } from "./jobs.ts";
import type { BatchReads, BatchWrites } from "./batches.ts";
import type { DeliveryReads, DeliveryWrites } from "./deliveries.ts";
import type { DestinationReads } from "./destinations.ts";
import type { WebhookReads, WebhookWrites } from "./webhooks.ts";
import type { LogReads, LogWrites } from "./logs.ts";
import type { PositionReads } from "./positions.ts";
import type { StatusReads } from "./status.ts";
import type { StatReads, StatWrites } from "./stats.ts";
import type { BulkActReads, BulkActWrites } from "./bulk-acts.ts";
import type { ErrorGroupReads } from "./error-groups.ts";
import type { FileReads, FileWrites } from "./files.ts";
import type { LimitReads, LimitWrites } from "./limits.ts";
import type { ScheduleReads, ScheduleWrites } from "./schedules.ts";
import type { SecretReads, SecretWrites } from "./secrets.ts";
import type { SessionReads, SessionWrites } from "./sessions.ts";
import type { UpkeepReads, UpkeepWrites } from "./upkeep.ts";

export interface StoreWrites
  extends
    JobWrites,
    BatchWrites,
    DeliveryWrites,
    WebhookWrites,
    LogWrites,
    StatWrites,
    BulkActWrites,
    FileWrites,
    ScheduleWrites,
    SecretWrites,
    SessionWrites,
    LimitWrites,
    UpkeepWrites {}

export interface StoreReads
  extends
    JobReads,
    PositionReads,
    BatchReads,
    DeliveryReads,
    DestinationReads,
    WebhookReads,
    LogReads,
    StatReads,
    StatusReads,
    ErrorGroupReads,
    BulkActReads,
    FileReads,
    ScheduleReads,
    SecretReads,
    SessionReads,
    LimitReads,
    UpkeepReads {}

export interface Store extends StoreWrites, StoreReads {
  /**
   * Returns up to `limit` pages that are free for new rows to the disk, but not the last tenth of the
   * pages, and tells whether there are more. Does nothing if the database does it by itself, or cannot.
   */
  returnFreeSpace(request: { limit: number }): Promise<boolean>;
  /** Why the store cannot be used now, in sentences for operators. Empty when it can. */
  whyNotReady(): readonly string[];
  /** Finishes the calls made before, then closes the store. Later calls are rejected. */
  close(): Promise<void>;
}

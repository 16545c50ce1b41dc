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
 * Instants are milliseconds since the epoch, and come from the caller: a store reads no clock.
 */
import type { JobReads, JobWrites } from "./jobs.ts";
import type { BatchReads, BatchWrites } from "./batches.ts";
import type { DeliveryReads, DeliveryWrites } from "./deliveries.ts";
import type { DestinationReads } from "./destinations.ts";
import type { WebhookReads, WebhookWrites } from "./webhooks.ts";
import type { LogReads, LogWrites } from "./logs.ts";
import type { UpkeepReads, UpkeepWrites } from "./upkeep.ts";

export interface StoreWrites
  extends JobWrites, BatchWrites, DeliveryWrites, WebhookWrites, LogWrites, UpkeepWrites {}

export interface StoreReads
  extends
    JobReads,
    BatchReads,
    DeliveryReads,
    DestinationReads,
    WebhookReads,
    LogReads,
    UpkeepReads {}

export interface Store extends StoreWrites, StoreReads {
  /** Finishes the calls made before, then closes the store. Later calls are rejected. */
  close(): Promise<void>;
}

/**
 * What the engine and the HTTP layer need stored. Two stores fit it: SQLite and PostgreSQL.
 *
 * Every writing method is one atomic change, durable when its promise resolves. A store groups the
 * changes that are called while a commit is under way into one transaction (reference: 45,000
 * grouped against 6,000 single inserts a second on PostgreSQL), so callers call freely, without
 * batching of their own. Changes take effect in the order of the calls.
 */
import type { JobReads, JobWrites } from "./jobs.ts";
import type { BatchReads, BatchWrites } from "./batches.ts";
import type { DeliveryReads, DeliveryWrites } from "./deliveries.ts";
import type { DestinationReads, DestinationWrites } from "./destinations.ts";
import type { WebhookReads, WebhookWrites } from "./webhooks.ts";
import type { LogReads, LogWrites } from "./logs.ts";
import type { UpkeepReads, UpkeepWrites } from "./upkeep.ts";

export interface StoreWrites
  extends
    JobWrites,
    BatchWrites,
    DeliveryWrites,
    DestinationWrites,
    WebhookWrites,
    LogWrites,
    UpkeepWrites {}

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
  /** Finishes what was called before, then closes. */
  close(): Promise<void>;
}

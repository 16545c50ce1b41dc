import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../ports/store/store.ts";
import { prepareReadBatch, prepareReadBatchesToEnd } from "./reads/batch.ts";
import { prepareReadCounts } from "./reads/counts.ts";
import { prepareReadDeliveries } from "./reads/deliveries.ts";
import { prepareReadDelivery } from "./reads/delivery.ts";
import { prepareReadEvents } from "./reads/events.ts";
import { prepareReadJob } from "./reads/job.ts";
import { prepareReadJobs } from "./reads/jobs.ts";
import { prepareReadDestination, prepareReadDestinations } from "./reads/destination-list.ts";
import { prepareReadDueDestinations, prepareReadNextDestinationDue } from "./reads/destinations.ts";
import { prepareReadLogs } from "./reads/logs.ts";
import { prepareReadMeta } from "./reads/meta.ts";
import { prepareReadNextJobDue } from "./reads/next-job-due.ts";
import { prepareReadWebhook, prepareReadWebhooks } from "./reads/webhooks.ts";

/** Prepares every reading statement, on the main thread. */
export function createReads(db: DatabaseSync): StoreReads {
  return {
    job: prepareReadJob(db),
    jobs: prepareReadJobs(db),
    events: prepareReadEvents(db),
    logs: prepareReadLogs(db),
    deliveries: prepareReadDeliveries(db),
    delivery: prepareReadDelivery(db),
    webhook: prepareReadWebhook(db),
    webhooks: prepareReadWebhooks(db),
    destination: prepareReadDestination(db),
    destinations: prepareReadDestinations(db),
    dueDestinations: prepareReadDueDestinations(db),
    nextDestinationDue: prepareReadNextDestinationDue(db),
    batch: prepareReadBatch(db),
    batchesToEnd: prepareReadBatchesToEnd(db),
    meta: prepareReadMeta(db),
    counts: prepareReadCounts(db),
    nextJobDue: prepareReadNextJobDue(db),
  };
}

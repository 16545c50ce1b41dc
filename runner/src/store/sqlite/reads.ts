import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../ports/store.ts";
import { prepareReadCounts } from "./reads/counts.ts";
import { prepareReadDeliveries } from "./reads/deliveries.ts";
import { prepareReadDelivery } from "./reads/delivery.ts";
import { prepareReadEvents } from "./reads/events.ts";
import { prepareReadJob } from "./reads/job.ts";
import { prepareReadJobs } from "./reads/jobs.ts";
import { prepareReadLogs } from "./reads/logs.ts";
import { prepareReadNextDue } from "./reads/next-due.ts";

/** Prepares every statement that reads. */
export function createReads(db: DatabaseSync): StoreReads {
  return {
    job: prepareReadJob(db),
    jobs: prepareReadJobs(db),
    events: prepareReadEvents(db),
    logs: prepareReadLogs(db),
    deliveries: prepareReadDeliveries(db),
    delivery: prepareReadDelivery(db),
    counts: prepareReadCounts(db),
    nextDue: prepareReadNextDue(db),
  };
}

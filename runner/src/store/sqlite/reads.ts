import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../ports/store/store.ts";
import { prepareReadBatch, prepareReadBatchesToEnd } from "./reads/batch.ts";
import { prepareReadBatches } from "./reads/batches.ts";
import {
  prepareReadBulkAct,
  prepareReadBulkActs,
  prepareReadRunningBulkActs,
} from "./reads/bulk-acts.ts";
import { prepareReadCounts } from "./reads/counts.ts";
import { prepareReadDaemons } from "./reads/daemons.ts";
import { prepareReadDeliveries } from "./reads/deliveries.ts";
import { prepareReadDelivery } from "./reads/delivery.ts";
import { prepareReadErrorGroups } from "./reads/error-groups.ts";
import { prepareReadEvents } from "./reads/events.ts";
import { prepareReadJob } from "./reads/job.ts";
import { prepareReadJobValue } from "./reads/job-value.ts";
import {
  prepareReadDestination,
  prepareReadDestinationByKey,
  prepareReadDestinations,
} from "./reads/destination-list.ts";
import { prepareReadJobState } from "./reads/job-state.ts";
import { prepareReadJobIds, prepareReadJobs } from "./reads/jobs.ts";
import { prepareReadDueDestinations, prepareReadNextDestinationDue } from "./reads/destinations.ts";
import {
  prepareReadFile,
  prepareReadFiles,
  prepareReadFilesOfJob,
  prepareReadFileUsage,
  prepareReadUsedContents,
} from "./reads/files.ts";
import { prepareReadHeldDestinations } from "./reads/held-destinations.ts";
import { prepareReadLastEndOf } from "./reads/last-end-of.ts";
import { prepareReadLimits } from "./reads/limits.ts";
import { prepareReadLogs } from "./reads/logs.ts";
import { prepareReadMeta } from "./reads/meta.ts";
import { prepareReadNextJobDue } from "./reads/next-job-due.ts";
import { prepareReadPositions } from "./reads/positions.ts";
import { prepareReadQueueState } from "./reads/queue-state.ts";
import {
  prepareReadFailingSchedules,
  prepareReadNextScheduleDue,
  prepareReadOpenScheduleJobs,
  prepareReadSchedule,
  prepareReadScheduleSlots,
  prepareReadSchedules,
  prepareReadSchedulesToDecide,
} from "./reads/schedules.ts";
import { prepareReadSealedSecrets, prepareReadSecrets } from "./reads/secrets.ts";
import { prepareReadSessions } from "./reads/sessions.ts";
import { prepareReadSize } from "./reads/size.ts";
import { prepareReadStats } from "./reads/stats.ts";
import { prepareReadWebhook, prepareReadWebhooks } from "./reads/webhooks.ts";

/** Prepares every reading statement, on the main thread. */
export function createReads(db: DatabaseSync): StoreReads {
  return {
    ...prepareReadLimits(db),
    job: prepareReadJob(db),
    jobValue: prepareReadJobValue(db),
    jobs: prepareReadJobs(db),
    jobIds: prepareReadJobIds(db),
    jobState: prepareReadJobState(db),
    positions: prepareReadPositions(db),
    errorGroups: prepareReadErrorGroups(db),
    events: prepareReadEvents(db),
    logs: prepareReadLogs(db),
    deliveries: prepareReadDeliveries(db),
    delivery: prepareReadDelivery(db),
    webhook: prepareReadWebhook(db),
    webhooks: prepareReadWebhooks(db),
    destination: prepareReadDestination(db),
    destinationByKey: prepareReadDestinationByKey(db),
    destinations: prepareReadDestinations(db),
    dueDestinations: prepareReadDueDestinations(db),
    nextDestinationDue: prepareReadNextDestinationDue(db),
    batch: prepareReadBatch(db),
    batches: prepareReadBatches(db),
    batchesToEnd: prepareReadBatchesToEnd(db),
    bulkAct: prepareReadBulkAct(db),
    bulkActs: prepareReadBulkActs(db),
    runningBulkActs: prepareReadRunningBulkActs(db),
    meta: prepareReadMeta(db),
    counts: prepareReadCounts(db),
    lastEndOf: prepareReadLastEndOf(db),
    stats: prepareReadStats(db),
    queueState: prepareReadQueueState(db),
    heldDestinations: prepareReadHeldDestinations(db),
    daemons: prepareReadDaemons(db),
    size: prepareReadSize(db),
    nextJobDue: prepareReadNextJobDue(db),
    schedule: prepareReadSchedule(db),
    schedules: prepareReadSchedules(db),
    scheduleSlots: prepareReadScheduleSlots(db),
    openScheduleJobs: prepareReadOpenScheduleJobs(db),
    schedulesToDecide: prepareReadSchedulesToDecide(db),
    nextScheduleDue: prepareReadNextScheduleDue(db),
    failingSchedules: prepareReadFailingSchedules(db),
    secrets: prepareReadSecrets(db),
    sealedSecrets: prepareReadSealedSecrets(db),
    sessions: prepareReadSessions(db),
    file: prepareReadFile(db),
    files: prepareReadFiles(db),
    filesOfJob: prepareReadFilesOfJob(db),
    usedContents: prepareReadUsedContents(db),
    fileUsage: prepareReadFileUsage(db),
  };
}

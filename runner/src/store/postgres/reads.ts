import type { StoreReads } from "../../ports/store/store.ts";
import type { Reader } from "./reader.ts";
import { createReadBatch, createReadBatches, createReadBatchesToEnd } from "./reads/batches.ts";
import {
  createReadBulkAct,
  createReadBulkActs,
  createReadRunningBulkActs,
} from "./reads/bulk-acts.ts";
import { createReadDeliveries, createReadDelivery } from "./reads/deliveries.ts";
import {
  createReadDestination,
  createReadDestinationByKey,
  createReadDestinations,
  createReadHeldDestinations,
} from "./reads/destinations.ts";
import {
  createReadDueDestinations,
  createReadNextDestinationDue,
} from "./reads/due-destinations.ts";
import { createReadErrorGroups } from "./reads/error-groups.ts";
import {
  createReadFile,
  createReadFiles,
  createReadFilesOfJob,
  createReadFileUsage,
  createReadUsedContents,
} from "./reads/files.ts";
import {
  createReadEvents,
  createReadJobState,
  createReadLogs,
  createReadNextJobDue,
} from "./reads/job-parts.ts";
import { createReadJob, createReadJobValue } from "./reads/job.ts";
import { createReadJobIds, createReadJobs } from "./reads/jobs.ts";
import { createReadLastEndOf } from "./reads/last-end-of.ts";
import { createReadPositions } from "./reads/positions.ts";
import {
  createReadFailingSchedules,
  createReadNextScheduleDue,
  createReadOpenScheduleJobs,
  createReadSchedule,
  createReadScheduleSlots,
  createReadSchedules,
  createReadSchedulesToDecide,
} from "./reads/schedules.ts";
import { createReadLimits } from "./reads/limits.ts";
import { createReadSealedSecrets, createReadSecrets } from "./reads/secrets.ts";
import { createReadSessions } from "./reads/sessions.ts";
import { createReadStats } from "./reads/stats.ts";
import {
  createReadCounts,
  createReadDaemons,
  createReadMeta,
  createReadQueueState,
  createReadSize,
} from "./reads/status.ts";
import { createReadWebhook, createReadWebhooks } from "./reads/webhooks.ts";
import type { Turns } from "./turns.ts";

export function createReads(reader: Reader, turns: Turns): StoreReads {
  const { query } = reader;
  return {
    job: createReadJob(reader),
    jobValue: createReadJobValue(query),
    jobs: createReadJobs(query),
    jobIds: createReadJobIds(query),
    jobState: createReadJobState(query),
    positions: createReadPositions(query),
    errorGroups: createReadErrorGroups(query),
    events: createReadEvents(query),
    logs: createReadLogs(query),
    deliveries: createReadDeliveries(query),
    delivery: createReadDelivery(query),
    webhook: createReadWebhook(query),
    webhooks: createReadWebhooks(query),
    destination: createReadDestination(query),
    destinationByKey: createReadDestinationByKey(query),
    destinations: createReadDestinations(query),
    dueDestinations: createReadDueDestinations(query, turns),
    nextDestinationDue: createReadNextDestinationDue(query, turns),
    batch: createReadBatch(reader),
    batches: createReadBatches(query),
    batchesToEnd: createReadBatchesToEnd(query),
    bulkAct: createReadBulkAct(query),
    bulkActs: createReadBulkActs(query),
    runningBulkActs: createReadRunningBulkActs(query),
    meta: createReadMeta(query),
    counts: createReadCounts(query),
    lastEndOf: createReadLastEndOf(query),
    stats: createReadStats(query),
    queueState: createReadQueueState(query),
    heldDestinations: createReadHeldDestinations(query),
    daemons: createReadDaemons(query),
    size: createReadSize(query),
    nextJobDue: createReadNextJobDue(query),
    ...createReadLimits(query),
    schedule: createReadSchedule(query),
    schedules: createReadSchedules(query),
    scheduleSlots: createReadScheduleSlots(query),
    openScheduleJobs: createReadOpenScheduleJobs(query),
    schedulesToDecide: createReadSchedulesToDecide(query),
    nextScheduleDue: createReadNextScheduleDue(query),
    failingSchedules: createReadFailingSchedules(query),
    secrets: createReadSecrets(query),
    sealedSecrets: createReadSealedSecrets(query),
    sessions: createReadSessions(query),
    file: createReadFile(query),
    files: createReadFiles(query),
    filesOfJob: createReadFilesOfJob(query),
    usedContents: createReadUsedContents(query),
    fileUsage: createReadFileUsage(query),
  };
}

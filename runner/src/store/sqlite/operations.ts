import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "./change.ts";
import { prepareAddStats } from "./ops/add-stats.ts";
import { prepareAdvanceSchedule } from "./ops/advance-schedule.ts";
import { prepareAppendLogs } from "./ops/append-logs.ts";
import { prepareBeat } from "./ops/beat.ts";
import {
  prepareAbortBulkAct,
  prepareClaimBulkAct,
  prepareCreateBulkAct,
  preparePruneBulkActs,
  prepareSaveBulkAct,
} from "./ops/bulk-acts.ts";
import { prepareClaimDeliveries } from "./ops/claim-deliveries.ts";
import { prepareClaimJobs } from "./ops/claim-jobs.ts";
import { prepareClearWebhooks } from "./ops/clear-webhooks.ts";
import { prepareCommitTransition } from "./ops/commit-transition.ts";
import { prepareDeleteJob } from "./ops/delete-job.ts";
import { prepareCreateFile, prepareDeleteFile, preparePruneFiles } from "./ops/files.ts";
import { prepareEndBatch, prepareSetBatchWebhook } from "./ops/end-batch.ts";
import { prepareGiveUpOld } from "./ops/give-up-old.ts";
import { prepareMergeJob } from "./ops/merge-job.ts";
import { preparePruneJobs } from "./ops/prune-jobs.ts";
import { preparePruneStats } from "./ops/prune-stats.ts";
import { preparePruneWebhooks } from "./ops/prune-webhooks.ts";
import { prepareReap } from "./ops/reap.ts";
import { prepareRecordAttempt } from "./ops/record-attempt.ts";
import { prepareRecoverDeliveries } from "./ops/recover-deliveries.ts";
import { prepareRedeliver } from "./ops/redeliver.ts";
import { prepareRedeliverJob } from "./ops/redeliver-job.ts";
import { prepareRegisterWebhook } from "./ops/register-webhook.ts";
import { prepareReleaseDeliveries } from "./ops/release-deliveries.ts";
import { prepareReleaseJobs } from "./ops/release-jobs.ts";
import { prepareRemovePayloads } from "./ops/remove-payloads.ts";
import { prepareRemoveWebhook } from "./ops/remove-webhook.ts";
import { prepareRenewLeases } from "./ops/renew-leases.ts";
import { prepareRequeueJob } from "./ops/requeue-job.ts";
import { prepareRemoveSchedule, prepareSaveSchedule } from "./ops/save-schedule.ts";
import { prepareRemoveSecret, prepareSetSecret } from "./ops/secrets.ts";
import { prepareAddSession, prepareRemoveSession } from "./ops/sessions.ts";
import { prepareAddMeta, prepareSetMeta } from "./ops/set-meta.ts";
import { prepareSetScheduleState } from "./ops/set-schedule-state.ts";
import { prepareShiftDue } from "./ops/shift-due.ts";
import { prepareSubmitBatch } from "./ops/submit-batch.ts";
import { prepareSubmitJob } from "./ops/submit-job.ts";
import { prepareDeclareLimits, prepareOverrideLimit } from "./ops/limits.ts";
import { preparePauseLimit, prepareResumeLimit } from "./ops/pause-limit.ts";
import { prepareUpdateWebhook } from "./ops/update-webhook.ts";

export interface OperationOptions {
  /** Whether no other daemon can have the file open. */
  readonly exclusive: boolean;
}

/** Prepares every writing statement, on the writer thread. */
export function createOperations(
  db: DatabaseSync,
  options: OperationOptions = { exclusive: true },
): Operations {
  return {
    submitJob: prepareSubmitJob(db),
    mergeJob: prepareMergeJob(db),
    submitBatch: prepareSubmitBatch(db),
    setBatchWebhook: prepareSetBatchWebhook(db),
    endBatch: prepareEndBatch(db),
    claimJobs: prepareClaimJobs(db),
    commitTransition: prepareCommitTransition(db),
    releaseJobs: prepareReleaseJobs(db),
    requeueJob: prepareRequeueJob(db),
    deleteJob: prepareDeleteJob(db),
    renewLeases: prepareRenewLeases(db),
    reap: prepareReap(db, options),
    beat: prepareBeat(db),
    setMeta: prepareSetMeta(db),
    addMeta: prepareAddMeta(db),
    appendLogs: prepareAppendLogs(db),
    addStats: prepareAddStats(db),
    pruneStats: preparePruneStats(db),
    pruneJobs: preparePruneJobs(db),
    removePayloads: prepareRemovePayloads(db),
    claimDeliveries: prepareClaimDeliveries(db),
    recordAttempt: prepareRecordAttempt(db),
    releaseDeliveries: prepareReleaseDeliveries(db),
    giveUpOldDeliveries: prepareGiveUpOld(db),
    redeliver: prepareRedeliver(db),
    redeliverJob: prepareRedeliverJob(db),
    recoverDeliveries: prepareRecoverDeliveries(db),
    shiftDue: prepareShiftDue(db),
    registerWebhook: prepareRegisterWebhook(db),
    updateWebhook: prepareUpdateWebhook(db),
    removeWebhook: prepareRemoveWebhook(db),
    pruneWebhooks: preparePruneWebhooks(db),
    createBulkAct: prepareCreateBulkAct(db),
    claimBulkAct: prepareClaimBulkAct(db),
    saveBulkAct: prepareSaveBulkAct(db),
    abortBulkAct: prepareAbortBulkAct(db),
    pruneBulkActs: preparePruneBulkActs(db),
    clearWebhooks: prepareClearWebhooks(db),
    createFile: prepareCreateFile(db),
    deleteFile: prepareDeleteFile(db),
    pruneFiles: preparePruneFiles(db),
    saveSchedule: prepareSaveSchedule(db),
    setScheduleState: prepareSetScheduleState(db),
    advanceSchedule: prepareAdvanceSchedule(db),
    removeSchedule: prepareRemoveSchedule(db),
    setSecret: prepareSetSecret(db),
    removeSecret: prepareRemoveSecret(db),
    addSession: prepareAddSession(db),
    removeSession: prepareRemoveSession(db),
    declareLimits: prepareDeclareLimits(db),
    overrideLimit: prepareOverrideLimit(db),
    pauseLimit: preparePauseLimit(db),
    resumeLimit: prepareResumeLimit(db),
  };
}

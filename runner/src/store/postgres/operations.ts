import type { Operations } from "./change.ts";
import { createAdvanceSchedule } from "./ops/advance-schedule.ts";
import { appendLogs } from "./ops/append-logs.ts";
import { beat } from "./ops/beat.ts";
import {
  abortBulkAct,
  claimBulkAct,
  createBulkAct,
  pruneBulkActs,
  saveBulkAct,
} from "./ops/bulk-acts.ts";
import { claimDeliveries } from "./ops/claim-deliveries.ts";
import { claimJobs } from "./ops/claim-jobs.ts";
import { clearWebhooks } from "./ops/clear-webhooks.ts";
import { commitTransition } from "./ops/commit-transition.ts";
import { deleteFile, pruneFiles } from "./ops/delete-files.ts";
import { deleteJob } from "./ops/delete-job.ts";
import { endBatch, setBatchWebhook } from "./ops/end-batch.ts";
import { createFile } from "./ops/files.ts";
import { giveUpOldDeliveries } from "./ops/give-up-old.ts";
import { declareLimits, overrideLimit } from "./ops/limits.ts";
import { addMeta, setMeta } from "./ops/meta.ts";
import type { KnownPluginSets } from "./ops/plugin-set.ts";
import { pauseLimit, resumeLimit } from "./ops/pause-limit.ts";
import { pruneJobs } from "./ops/prune-jobs.ts";
import { pruneWebhooks } from "./ops/prune-webhooks.ts";
import { reap } from "./ops/reap.ts";
import { recordAttempt } from "./ops/record-attempt.ts";
import { recoverDeliveries } from "./ops/recover-deliveries.ts";
import { redeliver } from "./ops/redeliver.ts";
import { redeliverJob } from "./ops/redeliver-job.ts";
import { registerWebhook } from "./ops/register-webhook.ts";
import { releaseDeliveries } from "./ops/release-deliveries.ts";
import { releaseJobs } from "./ops/release-jobs.ts";
import { removePayloads } from "./ops/remove-payloads.ts";
import { removeWebhook } from "./ops/remove-webhook.ts";
import { renewLeases } from "./ops/renew-leases.ts";
import { requeueJob } from "./ops/requeue-job.ts";
import { removeSchedule, saveSchedule } from "./ops/save-schedule.ts";
import { removeSecret, setSecret } from "./ops/secrets.ts";
import { addSession, removeSession } from "./ops/sessions.ts";
import { setScheduleState } from "./ops/set-schedule-state.ts";
import { shiftDue } from "./ops/shift-due.ts";
import { addStats, pruneStats } from "./ops/stats.ts";
import { createSubmitBatch } from "./ops/submit-batch.ts";
import { mergeJob } from "./ops/merge-job.ts";
import { createSubmitJob } from "./ops/submit-job.ts";
import { updateWebhook } from "./ops/update-webhook.ts";

/** `pluginSets`: those that are known to be stored. */
export function createOperations(pluginSets: KnownPluginSets): Operations {
  return {
    submitJob: createSubmitJob(pluginSets),
    submitBatch: createSubmitBatch(pluginSets),
    setBatchWebhook,
    endBatch,
    claimJobs,
    commitTransition,
    releaseJobs,
    requeueJob,
    mergeJob,
    deleteJob,
    renewLeases,
    reap,
    beat,
    setMeta,
    addMeta,
    appendLogs,
    addStats,
    pruneStats,
    pruneJobs,
    removePayloads,
    claimDeliveries,
    recordAttempt,
    releaseDeliveries,
    giveUpOldDeliveries,
    redeliver,
    redeliverJob,
    recoverDeliveries,
    shiftDue,
    registerWebhook,
    updateWebhook,
    removeWebhook,
    pruneWebhooks,
    createBulkAct,
    claimBulkAct,
    saveBulkAct,
    abortBulkAct,
    pruneBulkActs,
    clearWebhooks,
    createFile,
    deleteFile,
    pruneFiles,
    saveSchedule,
    setScheduleState,
    advanceSchedule: createAdvanceSchedule(pluginSets),
    removeSchedule,
    setSecret,
    removeSecret,
    addSession,
    removeSession,
    declareLimits,
    overrideLimit,
    pauseLimit,
    resumeLimit,
  };
}

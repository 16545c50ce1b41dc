import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "./change.ts";
import { prepareAppendLogs } from "./ops/append-logs.ts";
import { prepareBeat } from "./ops/beat.ts";
import { prepareClaimDeliveries } from "./ops/claim-deliveries.ts";
import { prepareClaimJobs } from "./ops/claim-jobs.ts";
import { prepareCommitTransition } from "./ops/commit-transition.ts";
import { prepareEndBatch, prepareSetBatchWebhook } from "./ops/end-batch.ts";
import { prepareGiveUpOld } from "./ops/give-up-old.ts";
import { preparePruneJobs } from "./ops/prune-jobs.ts";
import { preparePruneWebhooks } from "./ops/prune-webhooks.ts";
import { prepareReap } from "./ops/reap.ts";
import { prepareRecordAttempt } from "./ops/record-attempt.ts";
import { prepareRecoverDeliveries } from "./ops/recover-deliveries.ts";
import { prepareRedeliver } from "./ops/redeliver.ts";
import { prepareRegisterWebhook } from "./ops/register-webhook.ts";
import { prepareReleaseDeliveries } from "./ops/release-deliveries.ts";
import { prepareReleaseJobs } from "./ops/release-jobs.ts";
import { prepareRemoveWebhook } from "./ops/remove-webhook.ts";
import { prepareRenewLeases } from "./ops/renew-leases.ts";
import { prepareRequeueJob } from "./ops/requeue-job.ts";
import { prepareSetMeta } from "./ops/set-meta.ts";
import { prepareShiftDue } from "./ops/shift-due.ts";
import { prepareSubmitBatch } from "./ops/submit-batch.ts";
import { prepareSubmitJob } from "./ops/submit-job.ts";
import { prepareUpdateWebhook } from "./ops/update-webhook.ts";

/** Prepares every writing statement, on the writer thread. */
export function createOperations(db: DatabaseSync): Operations {
  return {
    submitJob: prepareSubmitJob(db),
    submitBatch: prepareSubmitBatch(db),
    setBatchWebhook: prepareSetBatchWebhook(db),
    endBatch: prepareEndBatch(db),
    claimJobs: prepareClaimJobs(db),
    commitTransition: prepareCommitTransition(db),
    releaseJobs: prepareReleaseJobs(db),
    requeueJob: prepareRequeueJob(db),
    renewLeases: prepareRenewLeases(db),
    reap: prepareReap(db),
    beat: prepareBeat(db),
    setMeta: prepareSetMeta(db),
    appendLogs: prepareAppendLogs(db),
    pruneJobs: preparePruneJobs(db),
    claimDeliveries: prepareClaimDeliveries(db),
    recordAttempt: prepareRecordAttempt(db),
    releaseDeliveries: prepareReleaseDeliveries(db),
    giveUpOldDeliveries: prepareGiveUpOld(db),
    redeliver: prepareRedeliver(db),
    recoverDeliveries: prepareRecoverDeliveries(db),
    shiftDue: prepareShiftDue(db),
    registerWebhook: prepareRegisterWebhook(db),
    updateWebhook: prepareUpdateWebhook(db),
    removeWebhook: prepareRemoveWebhook(db),
    pruneWebhooks: preparePruneWebhooks(db),
  };
}

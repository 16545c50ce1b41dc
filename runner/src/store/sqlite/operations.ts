import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "./change.ts";
import { prepareAppendLogs } from "./ops/append-logs.ts";
import { prepareClaimDeliveries } from "./ops/claim-deliveries.ts";
import { prepareClaimJobs } from "./ops/claim-jobs.ts";
import { prepareCommitTransition } from "./ops/commit-transition.ts";
import { preparePruneJobs } from "./ops/prune-jobs.ts";
import { prepareReap } from "./ops/reap.ts";
import { prepareRecordAttempt } from "./ops/record-attempt.ts";
import { prepareReleaseDeliveries } from "./ops/release-deliveries.ts";
import { prepareReleaseJobs } from "./ops/release-jobs.ts";
import { prepareRenewLeases } from "./ops/renew-leases.ts";
import { prepareRequeueJob } from "./ops/requeue-job.ts";
import { prepareSubmitJob } from "./ops/submit-job.ts";

/** Prepares every statement that writes. */
export function createOperations(db: DatabaseSync): Operations {
  return {
    submitJob: prepareSubmitJob(db),
    claimJobs: prepareClaimJobs(db),
    commitTransition: prepareCommitTransition(db),
    releaseJobs: prepareReleaseJobs(db),
    requeueJob: prepareRequeueJob(db),
    renewLeases: prepareRenewLeases(db),
    reap: prepareReap(db),
    appendLogs: prepareAppendLogs(db),
    pruneJobs: preparePruneJobs(db),
    claimDeliveries: prepareClaimDeliveries(db),
    recordAttempt: prepareRecordAttempt(db),
    releaseDeliveries: prepareReleaseDeliveries(db),
  };
}

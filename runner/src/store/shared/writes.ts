import type { StoreWrites } from "../../ports/store/store.ts";
import type { Change } from "./change.ts";
import type { WriteQueue } from "./write-queue.ts";

/** The port's writing methods, each as a change in the queue. */
export function createWrites(queue: WriteQueue): StoreWrites {
  const write =
    <Name extends keyof StoreWrites>(name: Name) =>
    (...args: Parameters<StoreWrites[Name]>) =>
      queue.write({ name, args } as Change) as ReturnType<StoreWrites[Name]>;
  return {
    submitJob: write("submitJob"),
    mergeJob: write("mergeJob"),
    submitBatch: write("submitBatch"),
    setBatchWebhook: write("setBatchWebhook"),
    endBatch: write("endBatch"),
    claimJobs: write("claimJobs"),
    commitTransition: write("commitTransition"),
    releaseJobs: write("releaseJobs"),
    requeueJob: write("requeueJob"),
    deleteJob: write("deleteJob"),
    renewLeases: write("renewLeases"),
    reap: write("reap"),
    beat: write("beat"),
    setMeta: write("setMeta"),
    addMeta: write("addMeta"),
    appendLogs: write("appendLogs"),
    addStats: write("addStats"),
    pruneStats: write("pruneStats"),
    pruneJobs: write("pruneJobs"),
    removePayloads: write("removePayloads"),
    claimDeliveries: write("claimDeliveries"),
    recordAttempt: write("recordAttempt"),
    releaseDeliveries: write("releaseDeliveries"),
    giveUpOldDeliveries: write("giveUpOldDeliveries"),
    redeliver: write("redeliver"),
    redeliverJob: write("redeliverJob"),
    recoverDeliveries: write("recoverDeliveries"),
    shiftDue: write("shiftDue"),
    registerWebhook: write("registerWebhook"),
    updateWebhook: write("updateWebhook"),
    removeWebhook: write("removeWebhook"),
    pruneWebhooks: write("pruneWebhooks"),
    createBulkAct: write("createBulkAct"),
    claimBulkAct: write("claimBulkAct"),
    saveBulkAct: write("saveBulkAct"),
    abortBulkAct: write("abortBulkAct"),
    pruneBulkActs: write("pruneBulkActs"),
    clearWebhooks: write("clearWebhooks"),
    createFile: write("createFile"),
    deleteFile: write("deleteFile"),
    pruneFiles: write("pruneFiles"),
    saveSchedule: write("saveSchedule"),
    setScheduleState: write("setScheduleState"),
    advanceSchedule: write("advanceSchedule"),
    removeSchedule: write("removeSchedule"),
    setSecret: write("setSecret"),
    removeSecret: write("removeSecret"),
    addSession: write("addSession"),
    removeSession: write("removeSession"),
    declareLimits: write("declareLimits"),
    overrideLimit: write("overrideLimit"),
    pauseLimit: write("pauseLimit"),
    resumeLimit: write("resumeLimit"),
  };
}

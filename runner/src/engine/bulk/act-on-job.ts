import type { BulkActName, BulkOutcome } from "../../domain/bulk-act.ts";
import { Refused, Transient } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Messages } from "../bus/messages.ts";
import { payloadsRemoved } from "../../domain/payloads-removed.ts";
import { deleteJob } from "../jobs/delete-job.ts";
import type { RetryOptions } from "../jobs/retry-job.ts";

/** Deliveries of one transaction. More would make other changes wait for it. */
const SLICE_SIZE = 200;

export interface JobActs {
  readonly store: Pick<Store, "deleteJob" | "redeliverJob" | "jobState">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  readonly cancel: (jobId: string) => Promise<void>;
  readonly retry: (jobId: string, options?: RetryOptions) => Promise<void>;
  readonly messages: Pick<Messages, "publish">;
}

/**
 * Does the act to one job. It can be repeated after a crash: what failed after `failedBy`, when the
 * bulk act began, is left alone.
 */
export async function actOnJob(
  jobId: string,
  { act, failedBy }: { act: BulkActName; failedBy: number },
  acts: JobActs,
): Promise<BulkOutcome> {
  try {
    await perform(jobId, { act, failedBy }, acts);
    return { kind: "done" };
  } catch (error) {
    if (error instanceof Refused) {
      return { kind: "skipped", error: { jobId, code: error.code, message: error.message } };
    }
    // The store cannot write now: the whole slice is repeated.
    if (error instanceof Transient) throw error;
    acts.log.error({ jobId, act, err: error }, "bulk.job-failed");
    const message = "The daemon failed unexpectedly. Its log has the details.";
    return { kind: "failed", error: { jobId, code: "INTERNAL", message } };
  }
}

function perform(
  jobId: string,
  { act, failedBy }: { act: BulkActName; failedBy: number },
  acts: JobActs,
): Promise<void> {
  switch (act) {
    case "cancel":
      return acts.cancel(jobId);
    case "retry":
      return acts.retry(jobId, { failedBy });
    case "retry-from-start":
      return acts.retry(jobId, { failedBy, from: "start" });
    case "delete":
      return deleteJob(jobId, acts.store);
    case "redeliver":
      return redeliverJob(jobId, failedBy, acts);
  }
}

async function redeliverJob(
  jobId: string,
  failedBy: number,
  { store, clock, messages }: JobActs,
): Promise<void> {
  const request = { failedBy, limit: SLICE_SIZE, now: clock.now() };
  let total = 0;
  let isMore = true;
  while (isMore) {
    const result = await store.redeliverJob(jobId, request);
    if (result === null) throw new Refused("JOB_NOT_FOUND", `There is no job "${jobId}".`);
    for (const destination of result.destinations) {
      messages.publish({ kind: "resumed", destination });
    }
    total += result.redelivered;
    isMore = result.redelivered === SLICE_SIZE;
  }
  if (total === 0) {
    const removedAt = (await store.jobState(jobId))?.payloadsRemovedAt ?? null;
    if (removedAt !== null) throw payloadsRemoved(`job "${jobId}"`, removedAt);
    throw new Refused(
      "DELIVERY_NOT_FOUND",
      `Job "${jobId}" has no delivery that was given up and can be sent again. Nothing is sent to a webhook that is off or deleted.`,
    );
  }
}

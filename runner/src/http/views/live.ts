import type { DeliveryChange, JobChanged, StepProgressed } from "../../ports/job-signal.ts";
import type { StoreCounts } from "../../ports/store/upkeep.ts";
import { VERSION } from "../../version.ts";
import type { LiveDelivery, LiveJob, LiveStatus } from "../contract/live.ts";
import { progressView } from "./job.ts";

const MAX_MESSAGE = 200;

/** Only what has changed. */
export function jobRow(jobId: string, change: JobChanged | StepProgressed): LiveJob {
  if (change.kind === "step-progress") return { jobId, progress: progressView(change.progress) };
  const { status, completedSteps, startedAt, endedAt, failure } = change;
  return {
    jobId,
    status,
    // The step that reported it has ended.
    progress: null,
    ...(completedSteps !== undefined && { completedSteps }),
    ...(startedAt !== undefined && { startedAt: toIso(startedAt) }),
    ...(endedAt !== undefined && { endedAt: toIso(endedAt) }),
    ...(failure !== undefined && {
      error: failure.message.slice(0, MAX_MESSAGE),
      errorCode: failure.code,
    }),
    // A new job, or one that is tried again.
    ...(status === "queued" && { endedAt: null, error: null, errorCode: null }),
  };
}

export function deliveryRow(delivery: DeliveryChange): LiveDelivery {
  const { deliveryId, subjectId, kind, state, attempts, dueAt } = delivery;
  return {
    deliveryId,
    jobId: kind === "batch" ? null : subjectId,
    batchId: kind === "batch" ? subjectId : null,
    event: kind,
    state,
    attemptCount: attempts,
    dueAt: dueAt === null ? null : toIso(dueAt),
  };
}

export function liveStatusView(
  { jobs, deliveries, webhooks }: StoreCounts,
  threads: { readonly total: number; readonly busy: number },
): LiveStatus {
  return {
    version: VERSION,
    threads,
    jobs,
    deliveries: { pending: deliveries.due + deliveries.waiting, failed: deliveries.dead },
    webhooks: {
      total: webhooks.active + webhooks.paused + webhooks.off,
      off: webhooks.off,
      paused: webhooks.paused,
    },
  };
}

function toIso(instant: number): string {
  return new Date(instant).toISOString();
}

import type { Clock } from "../../ports/clock.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { Log } from "../../ports/log.ts";
import type { Claim, NewJob, SubmitOutcome } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import { LEASE_MS } from "../upkeep/lease.ts";
import type { ActiveJobs } from "./active-jobs.ts";
import { whyUnavailable } from "./unavailable-plugin.ts";

export interface ClaimAtSubmitDeps {
  readonly store: Pick<Store, "submitJob" | "releaseJobs">;
  readonly activeJobs: Pick<ActiveJobs, "room" | "reserve" | "start">;
  readonly catalog: Pick<PluginCatalog, "get">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  readonly owner: string;
  readonly maxQueued: number;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
  /** Room that was kept for a job is free again. */
  readonly onRoom: () => void;
}

/** The input of a job that waits for a thread, in UTF-16 units. The queue keeps larger ones on the disk. */
const MAX_WAITING_UNITS = 128 * 1024;

/** Stores a job. If there is room for it and no other job precedes it, it is claimed in the same write and begins. */
export async function claimAtSubmit(job: NewJob, deps: ClaimAtSubmitDeps): Promise<SubmitOutcome> {
  const { store, activeJobs, clock, owner, maxQueued } = deps;
  if (!hasRoom(job, deps)) return store.submitJob(job, { maxQueued });
  const leave = activeJobs.reserve(1);
  try {
    const handOver = { owner, leaseUntil: clock.now() + LEASE_MS };
    const outcome = await store.submitJob(job, { maxQueued, handOver });
    if (outcome.kind !== "accepted" || outcome.claim === undefined) return outcome;
    if (deps.stopping.aborted) return await giveBack(outcome.claim, deps);
    begin(job, outcome.claim, deps);
    return outcome;
  } finally {
    leave();
    deps.onRoom();
  }
}

function hasRoom(job: NewJob, { activeJobs, catalog, stopping }: ClaimAtSubmitDeps): boolean {
  if (stopping.aborted || job.runAt > job.createdAt) return false;
  // Only a claim gives slots.
  if ((job.limits?.[0] ?? null) !== null) return false;
  const { limit, ahead } = activeJobs.room();
  const isSmall = job.input.length <= MAX_WAITING_UNITS;
  if (limit === 0 && (ahead === 0 || !isSmall)) return false;
  return whyUnavailable(catalog, job.plugins[0]?.name ?? "") === null;
}

function begin(
  job: NewJob,
  { fence }: Claim,
  { activeJobs, owner }: Pick<ClaimAtSubmitDeps, "activeJobs" | "owner">,
): void {
  const { webhook: _, idempotency: __, ...spec } = job;
  const claimed = { ...spec, fence, owner, startedAt: spec.createdAt };
  activeJobs.start({ ...claimed, sequence: 0, stepAttempts: 1, completedSteps: [] });
}

/** The job is accepted in any case: if it cannot be released now, it is when its lease expires. */
async function giveBack(
  claim: Claim,
  { store, log }: Pick<ClaimAtSubmitDeps, "store" | "log">,
): Promise<SubmitOutcome> {
  try {
    await store.releaseJobs([claim], { countsAttempt: false });
  } catch (error) {
    log.error({ jobId: claim.jobId, err: error }, "job.release-failed");
  }
  return { kind: "accepted" };
}

/**
 * Decides which changes of a write group can run at the same time. Changes that touch the same job,
 * destination or key run in the order of the calls. One that can touch anything waits for all before
 * it, and all behind it wait.
 */
import type { Change, Outcome } from "../shared/change.ts";
import { joinsLimit } from "../shared/limit-queue.ts";
import type { NewJob } from "../../ports/store/jobs.ts";
import { parseDeliveryId } from "../shared/rows.ts";
import type { StoreWrites } from "../../ports/store/store.ts";
import type { Touched } from "./lock-group.ts";

/** The rows that a change touches; null for any. */
type Place = readonly string[] | null;

/** The places of the changes that do not touch any. */
type Places = {
  readonly [Name in keyof StoreWrites]?: (...args: Parameters<StoreWrites[Name]>) => Place;
};

export type Schedule = (run: (change: Change) => Promise<Outcome>) => Promise<Outcome[]>;

export function createSchedule(
  touched: Touched & { readonly queued: number },
  changes: readonly Change[],
  { alone }: { alone: boolean },
): Schedule {
  const isNearLimit = canFillQueue(changes, touched.queued);
  /** What a retry, or the end of a job that nobody has claimed, does to these must be known to submits. */
  const queues = [
    ...(isNearLimit ? ["queue"] : []),
    ...(touched.queueLimits.size > 0 ? ["limit queue"] : []),
  ];

  const places: Places = {
    submitJob(job) {
      const { idempotency, key, files = [] } = job;
      // A change before it can store what it names.
      if (files.length > 0) return null;
      return [
        ...(idempotency === null ? [] : [`key ${idempotency.key}`]),
        ...(key === undefined ? [] : [`job key ${key.identity}`]),
        // Near the limit, each must know whether the one before it was stored.
        ...(isNearLimit ? ["queue"] : []),
        ...(isBounded(job, touched.queueLimits) ? ["limit queue"] : []),
      ];
    },
    commitTransition(claim, transition) {
      const schedule = transition.status === "queued" ? undefined : transition.schedule;
      return [
        `job ${claim.jobId}`,
        ...(schedule === undefined ? [] : [`schedule ${schedule}`]),
        // Into the queue, for a retry, or out of it: the end of a job that nobody has claimed.
        ...(transition.status === "queued" || claim.owner === null ? queues : []),
      ];
    },
    recordAttempt({ deliveryId, destinationOutcome, succeeded }) {
      const delivery = touched.deliveries.get(parseDeliveryId(deliveryId) ?? 0);
      // One that fails can change its destination and its webhook.
      if (delivery === undefined || touched.destinations.has(delivery.destination)) return null;
      if (destinationOutcome.kind === "failed" || succeeded === false) return null;
      return [jobOf(delivery.job) ?? `delivery ${deliveryId}`];
    },
    appendLogs: (jobId) => [`logs ${jobId}`],
  };

  function placeOf({ name, args }: Change): Place {
    // `Change` pairs each name with its arguments, but TypeScript loses that for a union.
    const find = places[name] as ((...args: unknown[]) => Place) | undefined;
    return find?.(...args) ?? null;
  }

  const idOf = new Map([...touched.jobs].map(([id, seq]) => [seq, id]));
  const jobOf = (seq: number | null): string | null => {
    const id = seq === null ? undefined : idOf.get(seq);
    return id === undefined ? null : `job ${id}`;
  };

  return (run) => (alone ? runAlone(changes, run) : runTogether(changes, placeOf, run));
}

/** Whether the job must know how many jobs wait for its limit, because their number is bounded. */
function isBounded(job: NewJob, queueLimits: ReadonlySet<string>): boolean {
  const name = joinsLimit(job);
  if (name === null) return false;
  const declared = job.declaredLimits?.find((limit) => limit.name === name);
  return queueLimits.has(name) || (declared?.maxQueued ?? null) !== null;
}

async function runAlone(
  changes: readonly Change[],
  run: (change: Change) => Promise<Outcome>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const change of changes) outcomes.push(await run(change));
  return outcomes;
}

/** Rejects with the first error when every change that has begun has ended. */
async function runTogether(
  changes: readonly Change[],
  placeOf: (change: Change) => Place,
  run: (change: Change) => Promise<Outcome>,
): Promise<Outcome[]> {
  const last = new Map<string, Promise<unknown>>();
  const outcomes: Promise<Outcome>[] = [];
  let running: Promise<unknown>[] = [];
  let barrier: Promise<unknown> = Promise.resolve();
  for (const change of changes) {
    const place = placeOf(change);
    const before =
      place === null
        ? [barrier, ...running]
        : [barrier, ...place.flatMap((key) => last.get(key) ?? [])];
    const outcome = Promise.all(before).then(() => run(change));
    // Its rejection is reported below.
    outcome.catch(() => {});
    outcomes.push(outcome);
    if (place === null) {
      barrier = outcome;
      running = [];
      last.clear();
    } else {
      running.push(outcome);
      for (const key of place) last.set(key, outcome);
    }
  }
  const settled = await Promise.allSettled(outcomes);
  const failed = settled.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
}

/** Whether the group's submits could raise the number of queued jobs above a limit. */
function canFillQueue(changes: readonly Change[], queued: number): boolean {
  let most = queued;
  let limit = Number.POSITIVE_INFINITY;
  for (const change of changes) {
    if (change.name === "submitJob") {
      most += 1;
      limit = Math.min(limit, change.args[1].maxQueued);
    } else if (change.name === "submitBatch") {
      most += change.args[0].jobs.length;
      limit = Math.min(limit, change.args[1].maxQueued);
    } else if (change.name === "advanceSchedule") {
      most += 1;
      limit = Math.min(limit, change.args[1].maxQueued);
    } else if (change.name === "commitTransition") {
      if (change.args[1].status === "queued") most += 1;
    } else if (change.name === "releaseJobs") most += change.args[0].length;
    else if (change.name === "requeueJob") most += 1;
  }
  return most > limit;
}

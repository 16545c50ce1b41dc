import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Messages } from "../bus/messages.ts";
import type { FileRoom } from "../files/file-room.ts";
import { createLoop, type Loop } from "../loop.ts";
import { createRetentionLimits, type RetentionSettings } from "./retention-limits.ts";

/** Rows that one transaction looks at. More would make other changes wait for it. */
const SLICE_SIZE = 100;
/** Pages of 4 KiB that one transaction returns to the disk, in about 5 ms. */
const PAGES_PER_SLICE = 64;
const BETWEEN_SLICES_MS = 50;
const EVERY_MS = 60_000;
/** How often what could not be deleted is looked at again. */
const AGAIN_MS = 60 * 60_000;

type RetentionStore = Pick<
  Store,
  | "pruneJobs"
  | "pruneWebhooks"
  | "pruneBulkActs"
  | "pruneFiles"
  | "returnFreeSpace"
  | "counts"
  | "size"
  | "lastEndOf"
>;

interface RetentionDeps extends RetentionSettings {
  store: RetentionStore;
  room: Pick<FileRoom, "refresh">;
  clock: Clock;
  log: Log;
  messages: Pick<Messages, "publish">;
}

/**
 * Deletes jobs that are too old or too many, old bulk acts, and expired webhooks and files, in slices. Then
 * returns the space to the disk.
 */
export function createRetentionLoop(deps: RetentionDeps): Loop {
  const { store, clock, log, retentionMs } = deps;
  const prune = createPrune(deps);

  async function tick(): Promise<number> {
    const now = clock.now();
    const { jobs, more } = await prune(now);
    const bulkActs = await store.pruneBulkActs({
      endedBefore: now - retentionMs,
      limit: SLICE_SIZE,
    });
    const webhooks = await store.pruneWebhooks({ now, limit: SLICE_SIZE });
    if (webhooks > 0) deps.messages.publish({ kind: "webhook-off" });
    const files = await store.pruneFiles({ now, limit: SLICE_SIZE });
    await deps.room.refresh();
    if (jobs + webhooks + bulkActs + files > 0) {
      log.debug({ jobs, webhooks, bulkActs, files }, "retention.pruned");
    }
    const isFull = more || Math.max(webhooks, bulkActs, files) === SLICE_SIZE;
    if (isFull) return BETWEEN_SLICES_MS;
    const hasFreeSpace = await store.returnFreeSpace({ limit: PAGES_PER_SLICE });
    return hasFreeSpace ? BETWEEN_SLICES_MS : EVERY_MS;
  }
  return createLoop({ name: "retention", tick, clock, log });
}

/** Returns a function that looks at the next slice of jobs. */
function createPrune(deps: RetentionDeps) {
  const { store, clock } = deps;
  const limits = createRetentionLimits(store, deps);
  /** Behind what was looked at; null to begin at the oldest. */
  let after: string | null = null;
  let beganAt = clock.monotonic();
  /** Whether there is nothing behind `after` that was to be looked at. */
  let isThrough = false;
  let batchesRemoved = 0;

  function beginAgain(): void {
    after = null;
    isThrough = false;
    batchesRemoved = 0;
  }

  /** False if nothing more can be deleted to get below the limits. */
  async function goOn(excess: number): Promise<boolean> {
    if (batchesRemoved === 0) return limits.cutOff(excess);
    // Their jobs were passed.
    beginAgain();
    return true;
  }

  return async (now: number): Promise<{ jobs: number; more: boolean }> => {
    const excess = await limits.excess(SLICE_SIZE);
    const withCut = excess > 0;
    const goesOn = withCut && isThrough && (await goOn(excess));
    const ages = limits.ages(now, { withCut });
    const pruned = await store.pruneJobs({ ...ages, limit: SLICE_SIZE, after });
    after = pruned.at;
    isThrough = !pruned.more;
    batchesRemoved += pruned.batches;
    if (isThrough && clock.monotonic() - beganAt >= AGAIN_MS) {
      beginAgain();
      beganAt = clock.monotonic();
    }
    return { jobs: pruned.jobs, more: pruned.more || goesOn };
  };
}

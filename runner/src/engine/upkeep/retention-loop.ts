import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Messages } from "../bus/messages.ts";
import type { FileRoom } from "../files/file-room.ts";
import { createLoop, type Loop } from "../loop.ts";
import { excessOf, type RetentionSettings } from "./retention-limits.ts";

/** Rows that one transaction looks at. More would make other changes wait for it. */
const SLICE_SIZE = 100;
/** Pages of 4 KiB that one transaction returns to the disk, in about 5 ms. */
const PAGES_PER_SLICE = 64;
const BETWEEN_SLICES_MS = 50;
const EVERY_MS = 60_000;
/** Jobs of one transaction that removes payloads: each costs more than a job that is only looked at. */
const PAYLOADS_PER_SLICE = 50;
/** How often what could not be deleted is looked at again. */
const AGAIN_MS = 60 * 60_000;

type RetentionStore = Pick<
  Store,
  | "pruneJobs"
  | "removePayloads"
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
 * Deletes jobs that are too old or too many, the payloads of jobs that are kept longer, old bulk acts, and
 * expired webhooks and files, in slices. Then returns the space to the disk.
 */
export function createRetentionLoop(deps: RetentionDeps): Loop {
  const { store, clock, log, retentionMs } = deps;
  const pruneByAge = createAgePass(clock, (now, after) =>
    store.pruneJobs({
      endedBefore: Math.floor(now - retentionMs),
      failedBefore: Math.floor(now - deps.failedRetentionMs),
      limit: SLICE_SIZE,
      after,
    }),
  );
  const removePayloads = createPayloadPass(deps);
  const pruneByLimits = createLimitPass(deps);

  async function tick(): Promise<number> {
    const now = clock.now();
    const byAge = await pruneByAge(now);
    const byLimits = await pruneByLimits();
    const payloads = await removePayloads(now);
    const jobs = byAge.jobs + byLimits.jobs;
    const bulkActs = await store.pruneBulkActs({
      endedBefore: now - retentionMs,
      limit: SLICE_SIZE,
    });
    const webhooks = await store.pruneWebhooks({ now, limit: SLICE_SIZE });
    if (webhooks > 0) deps.messages.publish({ kind: "webhook-off" });
    const files = await store.pruneFiles({ now, limit: SLICE_SIZE });
    await deps.room.refresh();
    if (jobs + payloads.jobs + webhooks + bulkActs + files > 0) {
      const counts = { jobs, payloads: payloads.jobs, webhooks, bulkActs, files };
      log.debug(counts, "retention.pruned");
    }
    const isFull =
      byAge.more ||
      byLimits.more ||
      payloads.more ||
      Math.max(webhooks, bulkActs, files) === SLICE_SIZE;
    if (isFull) return BETWEEN_SLICES_MS;
    const hasFreeSpace = await store.returnFreeSpace({ limit: PAGES_PER_SLICE });
    return hasFreeSpace ? BETWEEN_SLICES_MS : EVERY_MS;
  }
  return createLoop({ name: "retention", tick, clock, log });
}

/** What became of a slice. `more`: call it again soon. */
interface Pass {
  readonly jobs: number;
  readonly more: boolean;
}

/** Returns a function that looks at the next slice of the jobs that are too old. */
function createAgePass(
  clock: Clock,
  pass: (now: number, after: string | null) => Promise<Pass & { readonly at: string }>,
) {
  /** Behind what was looked at; null to begin at the oldest. */
  let after: string | null = null;
  let beganAt = clock.monotonic();

  return async (now: number): Promise<Pass> => {
    const { jobs, at, more } = await pass(now, after);
    after = at;
    if (!more && clock.monotonic() - beganAt >= AGAIN_MS) {
      after = null;
      beganAt = clock.monotonic();
    }
    return { jobs, more };
  };
}

/** Returns a function that removes the payloads of jobs that are too old to have them, from the next slice. */
function createPayloadPass(deps: RetentionDeps) {
  const { store, clock, payloadRetentionMs, failedPayloadRetentionMs } = deps;
  if (Math.min(payloadRetentionMs, failedPayloadRetentionMs) === Infinity) {
    return async (): Promise<Pass> => ({ jobs: 0, more: false });
  }
  return createAgePass(clock, (now, after) =>
    store.removePayloads({
      now,
      // None ended before 0: without an age, payloads are kept.
      endedBefore: Math.max(0, Math.floor(now - payloadRetentionMs)),
      failedBefore: Math.max(0, Math.floor(now - failedPayloadRetentionMs)),
      limit: PAYLOADS_PER_SLICE,
      after,
    }),
  );
}

/**
 * Returns a function that deletes jobs that are too many or too large together, the oldest first: one slice.
 * The cut is an instant. Jobs that ended before it are looked at; then it moves on by as many jobs as are
 * too many, past those that cannot be deleted yet.
 */
function createLimitPass(deps: RetentionDeps) {
  const { store } = deps;
  let cut = 0;
  let after: string | null = null;
  let isThrough = true;

  function beginAgain(): Pass {
    cut = 0;
    after = null;
    isThrough = true;
    return { jobs: 0, more: false };
  }

  return async (): Promise<Pass> => {
    const excess = await excessOf(store, deps, SLICE_SIZE);
    if (excess === 0) return beginAgain();
    if (isThrough) {
      const endedAt = await store.lastEndOf({ from: cut, count: excess });
      // Nothing more can be deleted now.
      if (endedAt === null) return beginAgain();
      cut = endedAt + 1;
    }
    const pruned = await store.pruneJobs({ endedBefore: cut, limit: excess, after });
    after = pruned.at;
    isThrough = !pruned.more;
    // The jobs of these batches were passed.
    if (pruned.batches > 0) beginAgain();
    return { jobs: pruned.jobs, more: true };
  };
}

import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Messages } from "../bus/messages.ts";
import type { FileRoom } from "../files/file-room.ts";
import { createLoop, type Loop } from "../loop.ts";

/** Rows that one transaction looks at. More would make other changes wait for it. */
const SLICE_SIZE = 100;
/** Pages of 4 KiB that one transaction returns to the disk, in about 5 ms. */
const PAGES_PER_SLICE = 64;
const BETWEEN_SLICES_MS = 50;
const EVERY_MS = 60_000;
/** How often what could not be deleted is looked at again. */
const AGAIN_MS = 60 * 60_000;

/**
 * Deletes jobs and bulk acts that ended longer than `retentionMs` ago, and expired webhooks and files, in
 * slices. Then returns the space to the disk.
 */
export function createRetentionLoop(deps: {
  store: Pick<
    Store,
    "pruneJobs" | "pruneWebhooks" | "pruneBulkActs" | "pruneFiles" | "returnFreeSpace"
  >;
  room: Pick<FileRoom, "refresh">;
  clock: Clock;
  log: Log;
  retentionMs: number;
  messages: Pick<Messages, "publish">;
}): Loop {
  const { store, clock, log, retentionMs } = deps;
  /** Behind what was looked at; null to begin at the oldest. */
  let after: string | null = null;
  let beganAt = clock.monotonic();

  async function prune(now: number): Promise<{ jobs: number; more: boolean }> {
    const request = { endedBefore: now - retentionMs, limit: SLICE_SIZE, after };
    const { jobs, at, more } = await store.pruneJobs(request);
    after = at;
    if (!more && clock.monotonic() - beganAt >= AGAIN_MS) {
      after = null;
      beganAt = clock.monotonic();
    }
    return { jobs, more };
  }

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

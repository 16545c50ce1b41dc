import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import { createLoop, type Loop } from "../loop.ts";

/** Rows deleted in one transaction. More would make other changes wait for it. */
const SLICE_SIZE = 100;
const BETWEEN_SLICES_MS = 50;
const EVERY_MS = 60_000;

/** Deletes jobs that ended longer than `retentionMs` ago, and expired webhooks, in slices. */
export function createRetentionLoop(deps: {
  store: Pick<Store, "pruneJobs" | "pruneWebhooks">;
  clock: Clock;
  log: Log;
  retentionMs: number;
}): Loop {
  const { store, clock, log, retentionMs } = deps;

  async function tick(): Promise<number> {
    const now = clock.now();
    const jobs = await store.pruneJobs({ endedBefore: now - retentionMs, limit: SLICE_SIZE });
    const webhooks = await store.pruneWebhooks({ now, limit: SLICE_SIZE });
    if (jobs + webhooks > 0) log.debug({ jobs, webhooks }, "retention.pruned");
    return Math.max(jobs, webhooks) < SLICE_SIZE ? EVERY_MS : BETWEEN_SLICES_MS;
  }

  return createLoop({ name: "retention", tick, clock, log });
}

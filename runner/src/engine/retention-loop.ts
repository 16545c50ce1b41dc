import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { JobWrites } from "../ports/store.ts";
import { createLoop, type Loop } from "./loop.ts";

/** Jobs deleted in one transaction: few enough that no other change waits long for it. */
const SLICE = 100;
const BETWEEN_SLICES_MS = 50;
const EVERY_MS = 60_000;

/** Deletes jobs that ended longer than `retentionMs` ago, a slice at a time. */
export function createRetentionLoop(deps: {
  store: Pick<JobWrites, "pruneJobs">;
  clock: Clock;
  log: Log;
  retentionMs: number;
}): Loop {
  const { store, clock, log, retentionMs } = deps;

  async function turn(): Promise<number> {
    const pruned = await store.pruneJobs({ endedBefore: clock.now() - retentionMs, limit: SLICE });
    if (pruned > 0) log.debug({ jobs: pruned }, "jobs.pruned");
    return pruned < SLICE ? EVERY_MS : BETWEEN_SLICES_MS;
  }

  return createLoop({ name: "retention", turn, clock, log });
}

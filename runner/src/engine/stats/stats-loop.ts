import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { StatSeries } from "../../ports/store/stats.ts";
import type { Store } from "../../ports/store/store.ts";
import { createLoop, type Loop } from "../loop.ts";
import { HOUR_MS, type StatsRecorder } from "./stats-recorder.ts";

/** A crash loses the counts of this time, in ms. */
const STORE_EVERY_MS = 5_000;
/** Rows in one transaction. More would make other changes wait for it. */
const SLICE_SIZE = 500;
const DAY_MS = 24 * HOUR_MS;
/** One more than can be asked for, because an hour is stored under its start. */
const KEPT_MS: Readonly<Record<StatSeries, number>> = {
  minute: DAY_MS + HOUR_MS,
  hour: 7 * DAY_MS + HOUR_MS,
  plugin: 7 * DAY_MS + HOUR_MS,
  destination: DAY_MS + HOUR_MS,
};

interface Deps {
  readonly store: Pick<Store, "addStats" | "pruneStats">;
  readonly recorder: Pick<StatsRecorder, "take" | "putBack">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Returns a function that stores what was counted, after the earlier calls have ended. */
export function createStoreStats({ store, recorder }: Omit<Deps, "clock" | "log">) {
  let last: Promise<void> = Promise.resolve();

  async function storeAll(): Promise<void> {
    const rows = recorder.take();
    while (rows.length > 0) {
      const slice = rows.splice(0, SLICE_SIZE);
      try {
        await store.addStats(slice);
      } catch (error) {
        recorder.putBack([...slice, ...rows]);
        throw error;
      }
    }
  }

  return (): Promise<void> => {
    last = last.catch(() => undefined).then(storeAll);
    return last;
  };
}

/**
 * Stores the counts, and deletes old ones. Wake it when something was counted: it does nothing while
 * nothing happens. Counts are stored once more when the loop is stopped.
 */
export function createStatsLoop(deps: Deps & { readonly storeStats: () => Promise<void> }): Loop {
  const { store, clock, log, storeStats } = deps;
  let storedAt = Number.NEGATIVE_INFINITY;
  let prunedAt = Number.NEGATIVE_INFINITY;

  async function prune(now: number): Promise<void> {
    let isMore = false;
    for (const [series, keptMs] of Object.entries(KEPT_MS) as [StatSeries, number][]) {
      const request = { series, before: now - keptMs, limit: SLICE_SIZE };
      if ((await store.pruneStats(request)) === SLICE_SIZE) isMore = true;
    }
    if (!isMore) prunedAt = now;
  }

  async function tick(): Promise<number | null> {
    const waitMs = storedAt + STORE_EVERY_MS - clock.monotonic();
    if (waitMs > 0) return waitMs;
    await storeStats();
    storedAt = clock.monotonic();
    const now = clock.now();
    // A clock that was set back must not end the pruning.
    if (Math.abs(now - prunedAt) >= HOUR_MS) await prune(now);
    return null;
  }

  const loop = createLoop({ name: "stats", tick, clock, log });
  return {
    wake: () => loop.wake(),
    async stop() {
      await loop.stop();
      await storeStats().catch((error: unknown) => log.error({ err: error }, "stats.not-stored"));
    },
  };
}

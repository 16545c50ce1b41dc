import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import { createLoop, type Loop } from "../loop.ts";

const EVERY_MS = 60_000;
/** A daemon that is up misses no more than a few beats, on a slow or full disk. */
const MAX_GAP_MS = 5 * EVERY_MS;
/** Deliveries given up in one transaction. More would make other changes wait for it. */
const SLICE_SIZE = 200;

/** Stores that the daemon is up. A longer time without it does not count for a delivery's age. */
export async function beat(store: Pick<Store, "beat">, now: number): Promise<void> {
  await store.beat({ now, maxGapMs: MAX_GAP_MS });
}

/** Gives up deliveries that have reached the maximum age. */
export function createAgeLoop(deps: {
  store: Pick<Store, "beat" | "giveUpOldDeliveries">;
  clock: Clock;
  log: Log;
  maxDeliveryAgeMs: number;
}): Loop {
  const { store, clock, log, maxDeliveryAgeMs: maxAgeMs } = deps;

  async function tick(): Promise<number> {
    const now = clock.now();
    await beat(store, now);
    const deliveries = await store.giveUpOldDeliveries({ now, maxAgeMs, limit: SLICE_SIZE });
    if (deliveries > 0) log.warn({ deliveries }, "delivery.too-old");
    return deliveries < SLICE_SIZE ? EVERY_MS : 0;
  }

  return createLoop({ name: "age", tick, clock, log });
}

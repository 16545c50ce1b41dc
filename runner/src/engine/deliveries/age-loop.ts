import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import { createLoop, type Loop } from "../loop.ts";

const EVERY_MS = 60_000;
/** Deliveries given up in one transaction. More would make other changes wait for it. */
const SLICE_SIZE = 200;

/** Gives up deliveries that have reached the maximum age. */
export function createAgeLoop(deps: {
  store: Pick<Store, "giveUpOldDeliveries">;
  clock: Clock;
  log: Log;
  telemetry: Pick<Telemetry, "deliveriesGivenUp">;
  maxDeliveryAgeMs: number;
}): Loop {
  const { store, clock, log, telemetry, maxDeliveryAgeMs: maxAgeMs } = deps;

  async function tick(): Promise<number> {
    const now = clock.now();
    const deliveries = await store.giveUpOldDeliveries({ now, maxAgeMs, limit: SLICE_SIZE });
    if (deliveries > 0) {
      telemetry.deliveriesGivenUp(deliveries);
      log.warn({ deliveries }, "delivery.too-old");
    }
    return deliveries < SLICE_SIZE ? EVERY_MS : 0;
  }

  return createLoop({ name: "age", tick, clock, log });
}

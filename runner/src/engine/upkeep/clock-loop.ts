import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import { createLoop, type Loop } from "../loop.ts";
import type { WatchedClock } from "./watched-clock.ts";

const EVERY_MS = 1_000;

/**
 * When the system's clock is set back, moves what is due back as well: a retry in 5 s must not become
 * a retry in an hour and 5 s. A clock set forward only makes retries early, which is harmless, and it
 * looks the same as a machine that slept.
 */
export function createClockLoop(deps: {
  store: Pick<Store, "shiftDue">;
  clock: WatchedClock;
  log: Log;
  onShift: () => void;
}): Loop {
  const { store, clock, log, onShift } = deps;

  async function tick(): Promise<number> {
    const byMs = Math.round(clock.backwardJumpMs());
    if (byMs > 0) {
      log.warn({ byMs }, "clock.set-back");
      await store.shiftDue({ now: clock.now(), byMs: -byMs });
      clock.corrected(byMs);
      onShift();
    }
    return EVERY_MS;
  }

  return createLoop({ name: "clock", tick, clock, log });
}

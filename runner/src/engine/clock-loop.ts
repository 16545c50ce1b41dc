import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { DeliveryWrites } from "../ports/store.ts";
import { createLoop, type Loop } from "./loop.ts";

const EVERY_MS = 1_000;
/** Less than this is drift, not a clock that was set. */
const LEAST_JUMP_MS = 2_000;

/**
 * Notices that the system's clock was set back, and moves what is due along with it: a retry in
 * 5 s must not become one in an hour and 5 s. A clock set forward makes retries early, which is
 * harmless, and cannot be told from a machine that slept.
 */
export function createClockLoop(deps: {
  store: Pick<DeliveryWrites, "shiftDue">;
  clock: Clock;
  log: Log;
  onShift: () => void;
}): Loop {
  const { store, clock, log, onShift } = deps;
  let offset = clock.now() - clock.monotonic();

  async function turn(): Promise<number> {
    const now = clock.now();
    const jumpMs = now - clock.monotonic() - offset;
    offset += jumpMs;
    if (jumpMs <= -LEAST_JUMP_MS) {
      log.warn({ jumpMs }, "clock.set-back");
      await store.shiftDue({ now, byMs: Math.round(jumpMs) });
      onShift();
    }
    return EVERY_MS;
  }

  return createLoop({ name: "clock", turn, clock, log });
}

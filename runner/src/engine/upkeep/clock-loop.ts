import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { DueShift } from "../../ports/store/upkeep.ts";
import type { Messages } from "../bus/messages.ts";
import { createLoop, type Loop } from "../loop.ts";
import type { WatchedClock } from "./watched-clock.ts";

const EVERY_MS = 1_000;
/** Within this time all daemons that share a clock notice that it was set back. */
const NOTICED_MS = 60_000;

/**
 * When the system's clock is set back, moves what is due back as well: a retry in 5 s must not become
 * a retry in an hour and 5 s. A clock set forward only makes retries early, which is harmless, and it
 * looks the same as a machine that slept.
 */
export function createClockLoop(deps: {
  store: Pick<Store, "shiftDue">;
  clock: WatchedClock;
  log: Log;
  messages: Pick<Messages, "publish">;
}): Loop {
  const { store, clock, log, messages } = deps;
  /** What is being moved. A slice that fails is repeated, and not those before it. */
  let shift: (DueShift & { readonly since: number }) | null = null;

  async function tick(): Promise<number> {
    if (shift === null) {
      const byMs = Math.round(clock.backwardJumpMs());
      if (byMs === 0) return EVERY_MS;
      log.warn({ byMs }, "clock.set-back");
      const now = clock.now();
      shift = { now, byMs: -byMs, since: now - NOTICED_MS, after: null };
    }
    do {
      shift = { ...shift, after: await store.shiftDue(shift) };
      messages.publish({ kind: "due" });
      messages.publish({ kind: "jobs" });
    } while (shift.after !== null);
    clock.corrected(-shift.byMs);
    shift = null;
    return EVERY_MS;
  }

  return createLoop({ name: "clock", tick, clock, log });
}

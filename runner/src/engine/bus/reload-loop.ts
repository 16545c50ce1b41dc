import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { createLoop, type Loop } from "../loop.ts";
import type { Backstop } from "./backstop.ts";

const EVERY_MS = 1_000;

/**
 * Reads again what this daemon has a copy of in memory: at the start, when it is woken because another daemon
 * has changed it, and every second in case that was not told.
 */
export function createReloadLoop(
  {
    bus,
    backstop,
    clock,
    log,
  }: { bus: Pick<Bus, "state">; backstop: Backstop; clock: Clock; log: Log },
  { name, reload }: { name: string; reload: () => Promise<void> },
): Loop {
  async function tick(): Promise<number | null> {
    await reload();
    return bus.state() === "alone" ? null : backstop(EVERY_MS);
  }

  return createLoop({ name, tick, clock, log });
}

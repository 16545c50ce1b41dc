import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Backstop } from "../bus/backstop.ts";
import { createLoop, type Loop } from "../loop.ts";
import type { Secrets } from "./secrets.ts";

const EVERY_MS = 1_000;

/** Reads the secrets again that another daemon has changed. */
export function createSecretLoop(deps: {
  secrets: Pick<Secrets, "refresh">;
  bus: Pick<Bus, "state">;
  backstop: Backstop;
  clock: Clock;
  log: Log;
}): Loop {
  const { secrets, bus, backstop, clock, log } = deps;

  async function tick(): Promise<number | null> {
    await secrets.refresh();
    return bus.state() === "alone" ? null : backstop(EVERY_MS);
  }

  return createLoop({ name: "secrets", tick, clock, log });
}

import type { AddedTokens } from "../../ports/added-tokens.ts";
import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Backstop } from "../bus/backstop.ts";
import { createLoop, type Loop } from "../loop.ts";

const EVERY_MS = 1_000;

/** Reads the tokens again, so that this daemon refuses those that another one has removed. */
export function createTokenLoop(deps: {
  tokens: Pick<AddedTokens, "read">;
  bus: Pick<Bus, "state">;
  backstop: Backstop;
  clock: Clock;
  log: Log;
}): Loop {
  const { tokens, bus, backstop, clock, log } = deps;

  async function tick(): Promise<number | null> {
    await tokens.read();
    return bus.state() === "alone" ? null : backstop(EVERY_MS);
  }

  return createLoop({ name: "tokens", tick, clock, log });
}

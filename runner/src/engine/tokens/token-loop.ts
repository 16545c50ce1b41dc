import type { AddedTokens } from "../../ports/added-tokens.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Backstop } from "../bus/backstop.ts";
import { createLoop, type Loop } from "../loop.ts";

const EVERY_MS = 1_000;

/** Reads the tokens again, so that this daemon refuses those that another one has removed. */
export function createTokenLoop(deps: {
  tokens: Pick<AddedTokens, "read"> | null;
  backstop: Backstop;
  clock: Clock;
  log: Log;
}): Loop {
  const { tokens, backstop, clock, log } = deps;

  async function tick(): Promise<number | null> {
    if (tokens === null) return null;
    await tokens.read();
    return backstop(EVERY_MS);
  }

  return createLoop({ name: "tokens", tick, clock, log });
}

import type { Bus } from "../../src/ports/bus.ts";

/** A bus that loses everything. It knows, or it does not. */
export function createDeafBus(state: "up" | "down"): Bus {
  return { state: () => state, send: () => {}, listen: () => () => {} };
}

import type { Bus } from "../../ports/bus.ts";
import type { Ids } from "../../ports/ids.ts";

/** While messages arrive. A daemon that takes over from another is not told. */
const UP_MS = 2_000;
const DOWN_MS = 500;

/** How long a loop sleeps before it looks by itself. `aloneMs` is for a daemon that no other can wake. */
export type Backstop = (aloneMs: number) => number;

export function createBackstop(bus: Pick<Bus, "state">, ids: Pick<Ids, "random">): Backstop {
  return (aloneMs) => {
    switch (bus.state()) {
      case "alone":
        return aloneMs;
      case "up":
        return Math.min(aloneMs, UP_MS);
      case "down":
        // Daemons that lost their bus at the same instant must not look at the same instants.
        return Math.min(aloneMs, DOWN_MS * (0.75 + ids.random() / 2));
    }
  };
}

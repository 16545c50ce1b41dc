import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import { createLoop, type Loop } from "../loop.ts";

const BETWEEN_SLICES_MS = 5;
const BACKSTOP_MS = 60_000;

/**
 * Gives up the backlog of webhooks that were switched off, and deletes the deliveries of removed ones, in
 * slices. Wake it when a webhook was switched off or removed.
 */
export function createClearLoop(deps: {
  store: Pick<Store, "clearWebhooks">;
  clock: Clock;
  log: Log;
}): Loop {
  const { store, clock, log } = deps;

  async function tick(): Promise<number> {
    return (await store.clearWebhooks({ now: clock.now() })) ? BETWEEN_SLICES_MS : BACKSTOP_MS;
  }

  return createLoop({ name: "clear", tick, clock, log });
}

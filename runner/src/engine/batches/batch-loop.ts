import { batchCallback } from "../../domain/batch.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import { createLoop, type Loop } from "../loop.ts";

const AT_ONCE = 20;
const BACKSTOP_MS = 5_000;

/** Stores the callback of each batch whose jobs have all ended. Wake it when a job of one ended. */
export function createBatchLoop(deps: {
  store: Pick<Store, "endBatch" | "batch" | "batchesToEnd">;
  clock: Clock;
  log: Log;
  /** A callback is due, and whoever waits for the batch may look again. */
  onEnded: (batchId: string) => void;
}): Loop {
  const { store, clock, log, onEnded } = deps;

  async function end(batchId: string): Promise<void> {
    const batch = await store.batch(batchId);
    if (batch === null) return;
    const at = clock.now();
    if (await store.endBatch(batchId, { at, body: batchCallback(batch, at) })) onEnded(batchId);
  }

  async function tick(): Promise<number> {
    const ids = await store.batchesToEnd({ limit: AT_ONCE });
    for (const id of ids) await end(id);
    return ids.length === AT_ONCE ? 0 : BACKSTOP_MS;
  }

  return createLoop({ name: "batch", tick, clock, log });
}

import { batchCallback } from "../../domain/batch.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import { createLoop, type Loop } from "../loop.ts";

const BATCHES_PER_TICK = 20;
const BACKSTOP_MS = 5_000;

/** Stores the callback of each batch whose jobs have all ended. Wake it when a job has ended. */
export function createBatchLoop(deps: {
  store: Pick<Store, "endBatch" | "batch" | "batchesToEnd">;
  clock: Clock;
  log: Log;
  /** Called when the batch has ended and its callback, if it has a webhook, is due. */
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
    const ids = await store.batchesToEnd({ limit: BATCHES_PER_TICK });
    for (const id of ids) await end(id);
    return ids.length === BATCHES_PER_TICK ? 0 : BACKSTOP_MS;
  }

  return createLoop({ name: "batch", tick, clock, log });
}

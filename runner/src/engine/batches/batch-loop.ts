import { batchCallback } from "../../domain/batch.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Backstop } from "../bus/backstop.ts";
import type { Messages } from "../bus/messages.ts";
import type { JobSignals } from "../jobs/job-signals.ts";
import { createLoop, type Loop } from "../loop.ts";

const BATCHES_PER_TICK = 20;
const ALONE_MS = 5_000;
const RETRY_MS = 30_000;

/** Stores the callback of each batch whose jobs have all ended. Wake it when a job has ended. */
export function createBatchLoop(deps: {
  store: Pick<Store, "endBatch" | "batch" | "batchesToEnd">;
  clock: Clock;
  log: Log;
  batchUrl: (batchId: string) => string;
  signals: Pick<JobSignals, "announce">;
  messages: Pick<Messages, "publish">;
  backstop: Backstop;
}): Loop {
  const { store, clock, log, batchUrl, signals, messages, backstop } = deps;
  /** Batches that could not be ended, with the instant of the next try: they stop no other. */
  const failed = new Map<string, number>();

  async function end(batchId: string): Promise<void> {
    const batch = await store.batch(batchId);
    if (batch === null) return;
    const at = clock.now();
    const body = batchCallback(batch, { at, batchUrl: batchUrl(batchId) });
    if (!(await store.endBatch(batchId, { at, body }))) return;
    signals.announce(batchId, { kind: "batch-ended" });
    messages.publish({ kind: "due" });
  }

  async function tryToEnd(batchId: string): Promise<void> {
    try {
      await end(batchId);
    } catch (error) {
      failed.set(batchId, clock.monotonic() + RETRY_MS);
      log.error({ batchId, err: error, retryInMs: RETRY_MS }, "batch.end-failed");
    }
  }

  async function tick(): Promise<number> {
    const limit = BATCHES_PER_TICK + failed.size;
    const ids = await store.batchesToEnd({ limit });
    // What is no longer to be ended has been ended or removed.
    if (ids.length < limit) keepOnly(failed, new Set(ids));
    const now = clock.monotonic();
    const ready = ids.filter((id) => (failed.get(id) ?? now) <= now);
    for (const id of ready) await tryToEnd(id);
    return ids.length === limit && ready.length > 0 ? 0 : backstop(ALONE_MS);
  }

  return createLoop({ name: "batch", tick, clock, log });
}

function keepOnly(map: Map<string, unknown>, keys: ReadonlySet<string>): void {
  for (const key of map.keys()) if (!keys.has(key)) map.delete(key);
}

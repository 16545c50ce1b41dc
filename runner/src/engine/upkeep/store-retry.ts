import { Transient } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";

const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 5_000;

/** Repeats a write until the store can do it. The write must be safe to repeat. */
export type StoreRetry = <T>(name: string, write: () => Promise<T>) => Promise<T>;

/**
 * Retries on `Transient` alone. When the signal aborts, each postponed write is tried one last time.
 * Logs the start and the end of an outage, not each try: a full disk postpones a thousand writes.
 */
export function createStoreRetry(deps: {
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): StoreRetry {
  const { clock, log, signal } = deps;
  let postponed = 0;

  async function writeLater<T>(write: () => Promise<T>): Promise<T> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
      await clock.sleep(waitMs, { signal });
      const isLast = signal.aborted;
      try {
        return await write();
      } catch (error) {
        if (isLast || !(error instanceof Transient)) throw error;
      }
    }
  }

  return async (name, write) => {
    const isLast = signal.aborted;
    try {
      return await write();
    } catch (error) {
      if (isLast || !(error instanceof Transient)) throw error;
      if (postponed === 0) log.warn({ write: name, err: error }, "store.writes-postponed");
    }
    postponed += 1;
    try {
      return await writeLater(write);
    } finally {
      postponed -= 1;
      if (postponed === 0) log.info({}, "store.writes-resumed");
    }
  };
}

/** Delays the next start of an executor, longer each time that one ends before it is ready. */
import { setTimeout as sleep } from "node:timers/promises";

const FIRST_MS = 100;
const MAX_MS = 10_000;

export interface RestartDelay {
  /** An executor has ended. Returns how long until the next one can start. */
  count(end: { readonly wasReady: boolean }): number;
  /** Resolves with true when an executor can start, or with false if the signal aborts first. */
  wait(signal: AbortSignal): Promise<boolean>;
}

export function createRestartDelay(): RestartDelay {
  let failedStarts = 0;
  /** No executor starts earlier, on the monotonic clock. */
  let startAt = 0;

  return {
    count({ wasReady }) {
      failedStarts = wasReady ? 0 : failedStarts + 1;
      const ms = wasReady ? 0 : Math.min(FIRST_MS * 2 ** (failedStarts - 1), MAX_MS);
      startAt = performance.now() + ms;
      return ms;
    },
    async wait(signal) {
      const ms = startAt - performance.now();
      if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
      return !signal.aborted;
    },
  };
}

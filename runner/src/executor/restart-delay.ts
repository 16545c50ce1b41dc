/** Delays the next start of an executor, longer each time that one ends before it is ready. */
import type { Clock } from "../ports/clock.ts";

const FIRST_MS = 100;
const MAX_MS = 10_000;

export interface RestartDelay {
  /** An executor has ended. Returns how long until the next one can start. */
  count(end: { readonly wasReady: boolean }): number;
  /** Resolves with true when an executor can start, or with false if the signal aborts first. */
  wait(signal: AbortSignal): Promise<boolean>;
}

export function createRestartDelay(clock: Pick<Clock, "monotonic" | "sleep">): RestartDelay {
  let failedStarts = 0;
  /** No executor starts earlier, on the monotonic clock. */
  let startAt = 0;

  return {
    count({ wasReady }) {
      failedStarts = wasReady ? 0 : failedStarts + 1;
      const ms = wasReady ? 0 : Math.min(FIRST_MS * 2 ** (failedStarts - 1), MAX_MS);
      startAt = clock.monotonic() + ms;
      return ms;
    },
    async wait(signal) {
      const ms = startAt - clock.monotonic();
      if (ms > 0) await clock.sleep(ms, { signal });
      return !signal.aborted;
    },
  };
}

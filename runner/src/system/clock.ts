import type { Clock } from "../ports/clock.ts";

/** The longest delay that `setTimeout` accepts, in ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, { signal }) {
    if (signal.aborted || ms === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = ms === null ? null : setTimeout(resolve, Math.min(ms, MAX_TIMER_MS)).unref();
    const onAbort = (): void => resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    return promise.finally(() => {
      if (timer !== null) clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    });
  },
};

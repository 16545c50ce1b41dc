import type { Clock } from "../ports/clock.ts";

/** A smaller difference is the time that the answer took. */
const MIN_ADJUSTMENT_MS = 50;

/** A clock that can be set to that of a server. Between two settings it runs as the machine does. */
export interface AdjustedClock extends Clock {
  /** `now` is the server's instant at the `monotonic` one of this clock. */
  setTo(now: number, monotonic: number): void;
}

/** Until it is set, it is `clock`. */
export function createAdjustedClock(clock: Clock): AdjustedClock {
  let offset: number | null = null;
  return {
    ...clock,
    now: () => (offset === null ? clock.now() : Math.floor(clock.monotonic() + offset)),
    setTo(now, monotonic) {
      const measured = now - monotonic;
      if (offset === null || Math.abs(measured - offset) >= MIN_ADJUSTMENT_MS) offset = measured;
    },
  };
}

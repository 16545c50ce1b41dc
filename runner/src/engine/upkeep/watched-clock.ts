import type { Clock } from "../../ports/clock.ts";

/** The clock that the engine reads. */
export interface WatchedClock extends Clock {
  /** How far the system's clock was set back and what is due has not been moved for, in ms. */
  setBackMs(): number;
  /** What is due has been moved by so much. */
  moved(byMs: number): void;
}

/** Less than this is drift, not a clock that was set. */
const LEAST_JUMP_MS = 2_000;

/**
 * Looks at every reading whether the clock was set: looked at now and then, one set ahead and soon
 * back again would seem untouched, and what was written in between would wait for hours.
 */
export function createWatchedClock(clock: Clock): WatchedClock {
  let offset = clock.now() - clock.monotonic();
  let setBackMs = 0;

  function now(): number {
    const instant = clock.now();
    const jumpMs = instant - clock.monotonic() - offset;
    offset += jumpMs;
    if (Math.abs(jumpMs) >= LEAST_JUMP_MS) setBackMs = Math.max(0, setBackMs - jumpMs);
    return instant;
  }

  return {
    now,
    monotonic: () => clock.monotonic(),
    sleep: (ms, options) => clock.sleep(ms, options),
    setBackMs() {
      now();
      return setBackMs;
    },
    moved: (byMs) => void (setBackMs = Math.max(0, setBackMs - byMs)),
  };
}

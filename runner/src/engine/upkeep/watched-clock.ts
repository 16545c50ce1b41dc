import type { Clock } from "../../ports/clock.ts";

/** The engine's clock. It notices when the system's clock is set. */
export interface WatchedClock extends Clock {
  /** How far the system's clock was set back, in ms, minus what was corrected. */
  backwardJumpMs(): number;
  /** Call it when the instants in the store were moved back by `byMs`. */
  corrected(byMs: number): void;
}

/** A smaller difference is drift. */
const MIN_JUMP_MS = 2_000;

/**
 * Compares the clocks at every reading. A periodic check would miss a clock that is set forward
 * and back, and what was written in between would be due hours late.
 */
export function createWatchedClock(clock: Clock): WatchedClock {
  let offset = clock.now() - clock.monotonic();
  let backwardJumpMs = 0;

  function now(): number {
    const instant = clock.now();
    const jumpMs = instant - clock.monotonic() - offset;
    offset += jumpMs;
    if (Math.abs(jumpMs) >= MIN_JUMP_MS) backwardJumpMs = Math.max(0, backwardJumpMs - jumpMs);
    return instant;
  }

  return {
    now,
    monotonic: () => clock.monotonic(),
    sleep: (ms, options) => clock.sleep(ms, options),
    backwardJumpMs() {
      now();
      return backwardJumpMs;
    },
    corrected(byMs) {
      backwardJumpMs = Math.max(0, backwardJumpMs - byMs);
    },
  };
}

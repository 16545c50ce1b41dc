import type { Clock } from "../../src/ports/clock.ts";

export interface TestClock extends Clock {
  /** How many sleep, those without an end of their own included. */
  sleepers(): number;
  /** The earliest instant, by the clock as it is set now, at which one of them wakes; null when none does by itself. */
  nextWakeAt(): number | null;
  /** Sets the clock, as an administrator does: no time passes, and nobody wakes. */
  set(instant: number): void;
  /** Moves to the instant and wakes those whose time has come by then. */
  moveTo(instant: number): void;
}

interface Sleeper {
  /** By the clock that nobody can set; null when it does not wake by itself. */
  readonly wakesAt: number | null;
  readonly wake: () => void;
}

/** A clock that stands still until it is moved. */
export function createTestClock(startAt = Date.parse("2026-11-23T09:30:00.000Z")): TestClock {
  const sleeping = new Set<Sleeper>();
  let now = startAt;
  let elapsed = 0;

  return {
    now: () => now,
    monotonic: () => elapsed,
    sleep(ms, { signal }) {
      if (signal.aborted || (ms !== null && ms <= 0)) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          sleeping.delete(sleeper);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const sleeper: Sleeper = { wakesAt: ms === null ? null : elapsed + ms, wake };
        sleeping.add(sleeper);
        signal.addEventListener("abort", wake, { once: true });
      });
    },
    set(instant) {
      now = instant;
    },
    sleepers: () => sleeping.size,
    nextWakeAt() {
      const instants = [...sleeping].flatMap(({ wakesAt }) => (wakesAt === null ? [] : [wakesAt]));
      return instants.length === 0 ? null : now + Math.min(...instants) - elapsed;
    },
    moveTo(instant) {
      elapsed += Math.max(0, instant - now);
      now = Math.max(now, instant);
      for (const { wakesAt, wake } of sleeping) {
        if (wakesAt !== null && wakesAt <= elapsed) wake();
      }
    },
  };
}

import type { Clock } from "../../src/ports/clock.ts";

export interface TestClock extends Clock {
  /** The number of sleepers, those without a wake-up time included. */
  sleepers(): number;
  /** The next instant, by the clock's current setting, at which a sleeper wakes, or null. */
  nextWakeAt(): number | null;
  /** Sets the clock, as an administrator does. No time passes, and no sleeper wakes. */
  set(instant: number): void;
  /** Lets time pass until the instant and wakes every sleeper whose time has come. */
  moveTo(instant: number): void;
}

interface Sleeper {
  /** By the monotonic clock. Null when only the signal wakes it. */
  readonly wakesAt: number | null;
  readonly wake: () => void;
}

/** A clock that moves only when the test moves it. */
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

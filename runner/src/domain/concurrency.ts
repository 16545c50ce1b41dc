/**
 * Limits how many attempts one daemon has in flight to a destination. Pure. As in TCP's congestion
 * control, the limit grows by one with each success and halves with each failure, so an endpoint that
 * hangs uses one or two connections. For a slow endpoint it grows to 16 at most; a higher one shrinks
 * by an eighth with each slow response. Instants are those of the monotonic clock.
 */
import type { DestinationOutcome } from "./destination.ts";

export interface Concurrency {
  readonly inFlight: number;
  readonly limit: number;
  /** When the last attempt ended. */
  readonly lastEndedAt: number;
}

/** As in TCP's slow start: the limit reaches 64 in six round trips, and an endpoint that hangs gets few. */
const INITIAL_LIMIT = 2;
/** After this long without an attempt, a limit no longer describes its endpoint. */
const LIMIT_TTL_MS = 10_000;
/** For a slow endpoint. More would use up the connections that others at its origin share. */
const SLOW_LIMIT = 16;
/** Shrinks 512 to 16 in 26 slow responses; one slow response among fast ones costs little. */
const SLOW_SHRINK = 7 / 8;

export function newConcurrency(maxConcurrency: number): Concurrency {
  const limit = Math.min(INITIAL_LIMIT, maxConcurrency);
  return { inFlight: 0, limit, lastEndedAt: Number.NEGATIVE_INFINITY };
}

/** How many attempts can begin now. An open circuit allows one at a time. */
export function roomOf({ limit, inFlight }: Concurrency, isOpen: boolean): number {
  return Math.max(0, (isOpen ? 1 : Math.floor(limit)) - inFlight);
}

export function beginAttempt(concurrency: Concurrency): Concurrency {
  return { ...concurrency, inFlight: concurrency.inFlight + 1 };
}

export function endAttempt(
  concurrency: Concurrency,
  end: { outcome: DestinationOutcome; maxConcurrency: number; now: number },
): Concurrency {
  const inFlight = Math.max(0, concurrency.inFlight - 1);
  const limit = nextLimit(concurrency.limit, end);
  return { inFlight, limit, lastEndedAt: end.now };
}

function nextLimit(
  limit: number,
  { outcome, maxConcurrency }: { outcome: DestinationOutcome; maxConcurrency: number },
): number {
  switch (outcome.kind) {
    case "neutral":
      return limit;
    case "ok":
      return Math.min(maxConcurrency, limit + 1);
    case "slow": {
      const most = Math.min(maxConcurrency, SLOW_LIMIT);
      return limit < most ? Math.min(most, limit + 1) : Math.max(most, limit * SLOW_SHRINK);
    }
    case "failed":
      return Math.max(1, limit / 2);
  }
}

/** After a person ended the destination's pause, few attempts find out whether the endpoint works. */
export function restart(concurrency: Concurrency): Concurrency {
  return { ...concurrency, limit: Math.min(INITIAL_LIMIT, concurrency.limit) };
}

/** Whether the limit is out of date, so that a new one is as good. */
export function isQuiet({ inFlight, lastEndedAt }: Concurrency, now: number): boolean {
  return inFlight === 0 && now - lastEndedAt >= LIMIT_TTL_MS;
}

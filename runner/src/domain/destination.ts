/**
 * Limits how much is sent to one destination at a time. Pure. A destination is a persistent webhook,
 * or the origin of webhooks given with jobs. The smallest of three limits applies:
 * - A concurrency limit, as in TCP's congestion control. It grows by one with each success and
 *   halves with each failure, so an endpoint that hangs uses one or two connections. For a slow
 *   endpoint it grows to 16 at most; a higher one shrinks by an eighth with each slow response.
 * - A token bucket, if the endpoint has a rate limit.
 * - A circuit breaker. It opens after five failures in a row: nothing is sent for a while, then one
 *   attempt probes the endpoint.
 * None of them uses up a delivery's retries. Instants are those of the monotonic clock: setting the
 * system's clock must neither block a destination nor fill its bucket.
 */
export interface Destination {
  readonly inFlight: number;
  readonly concurrencyLimit: number;
  readonly failuresInRow: number;
  /** Nothing is sent before this instant. */
  readonly pausedUntil: number;
  readonly tokens: number;
  readonly refilledAt: number;
  /** When the last attempt ended. */
  readonly lastEndedAt: number;
}

export interface DestinationPolicy {
  readonly maxConcurrency: number;
  /** Attempts a second, and in one burst (at least 1); null for no limit. */
  readonly ratePerSecond: number | null;
}

/** As in TCP's slow start: the limit reaches 64 in six round trips, and an endpoint that hangs gets few. */
const INITIAL_CONCURRENCY = 2;
/** After this long without an attempt, a concurrency limit no longer describes its endpoint. */
const CONCURRENCY_TTL_MS = 10_000;
/** For a slow endpoint. More would use up the connections that others at its origin share. */
const SLOW_CONCURRENCY = 16;
/** Shrinks 512 to 16 in 26 slow responses; one slow response among fast ones costs little. */
const SLOW_SHRINK = 7 / 8;
const FAILURES_TO_OPEN = 5;
const FIRST_OPEN_MS = 5_000;
const MAX_OPEN_MS = 60_000;

export function newDestination(policy: DestinationPolicy, now: number): Destination {
  return {
    inFlight: 0,
    concurrencyLimit: Math.min(INITIAL_CONCURRENCY, policy.maxConcurrency),
    failuresInRow: 0,
    pausedUntil: 0,
    tokens: policy.ratePerSecond === null ? 0 : burstOf(policy.ratePerSecond),
    refilledAt: now,
    lastEndedAt: Number.NEGATIVE_INFINITY,
  };
}

export function isFailing(destination: Destination): boolean {
  return destination.failuresInRow > 0;
}

export function isOpen(destination: Destination): boolean {
  return destination.failuresInRow >= FAILURES_TO_OPEN;
}

/** How many attempts can begin now. */
export function allowance(
  destination: Destination,
  policy: DestinationPolicy,
  now: number,
): number {
  if (now < destination.pausedUntil) return 0;
  const concurrencyLimit = isOpen(destination) ? 1 : Math.floor(destination.concurrencyLimit);
  const room = Math.max(0, concurrencyLimit - destination.inFlight);
  if (policy.ratePerSecond === null) return room;
  return Math.min(room, Math.floor(refill(destination, policy, now).tokens));
}

/** When a pause ends or a token is available. Null when only the end of an attempt makes room. */
export function nextAllowanceAt(
  destination: Destination,
  policy: DestinationPolicy,
  now: number,
): number | null {
  if (now < destination.pausedUntil) return destination.pausedUntil;
  const { ratePerSecond } = policy;
  if (ratePerSecond === null) return null;
  const { tokens } = refill(destination, policy, now);
  return tokens >= 1 ? null : now + Math.ceil(((1 - tokens) * 1000) / ratePerSecond);
}

export function beginAttempts(
  destination: Destination,
  policy: DestinationPolicy,
  at: { now: number; attempts: number },
): Destination {
  const refilled = refill(destination, policy, at.now);
  return {
    ...refilled,
    inFlight: destination.inFlight + at.attempts,
    tokens: policy.ratePerSecond === null ? 0 : refilled.tokens - at.attempts,
  };
}

export type DestinationOutcome =
  | { readonly kind: "ok" }
  /** The endpoint accepted the event, but took long. */
  | { readonly kind: "slow" }
  /** The endpoint did not accept the event. `pauseMs` is how long it asked us to wait. */
  | { readonly kind: "failed"; readonly pauseMs: number }
  /** Says nothing about the endpoint: a shutdown, or a refusal of this one event. */
  | { readonly kind: "neutral" };

export function endAttempt(
  destination: Destination,
  policy: DestinationPolicy,
  end: { outcome: DestinationOutcome; now: number },
): Destination {
  const left = {
    ...destination,
    inFlight: Math.max(0, destination.inFlight - 1),
    lastEndedAt: end.now,
  };
  switch (end.outcome.kind) {
    case "neutral":
      return left;
    case "ok": {
      const concurrencyLimit = Math.min(policy.maxConcurrency, destination.concurrencyLimit + 1);
      return { ...left, concurrencyLimit, failuresInRow: 0 };
    }
    case "slow": {
      const most = Math.min(policy.maxConcurrency, SLOW_CONCURRENCY);
      const concurrencyLimit =
        destination.concurrencyLimit < most
          ? Math.min(most, destination.concurrencyLimit + 1)
          : Math.max(most, destination.concurrencyLimit * SLOW_SHRINK);
      return { ...left, concurrencyLimit, failuresInRow: 0 };
    }
    case "failed": {
      // Attempts in flight when the circuit opened fail for the same reason and do not prolong it.
      const isSameOutage = isOpen(destination) && end.now < destination.pausedUntil;
      const failuresInRow = destination.failuresInRow + (isSameOutage ? 0 : 1);
      const failedProbes = failuresInRow - FAILURES_TO_OPEN;
      const openMs =
        failedProbes < 0 || isSameOutage
          ? 0
          : Math.min(MAX_OPEN_MS, FIRST_OPEN_MS * 2 ** failedProbes);
      const pauseMs = Math.max(openMs, end.outcome.pauseMs);
      return {
        ...left,
        failuresInRow,
        concurrencyLimit: Math.max(1, destination.concurrencyLimit / 2),
        pausedUntil: Math.max(destination.pausedUntil, end.now + pauseMs),
      };
    }
  }
}

/**
 * Ends a pause because a person wants the deliveries sent now. The failures still count: few attempts
 * follow, and the first that fails opens the circuit again.
 */
export function resume(destination: Destination, now: number): Destination {
  if (now >= destination.pausedUntil) return destination;
  return {
    ...destination,
    pausedUntil: 0,
    concurrencyLimit: Math.min(INITIAL_CONCURRENCY, destination.concurrencyLimit),
  };
}

/** Whether a new destination would behave the same. */
export function isIdle(destination: Destination, policy: DestinationPolicy, now: number): boolean {
  const isFull =
    policy.ratePerSecond === null ||
    refill(destination, policy, now).tokens >= burstOf(policy.ratePerSecond);
  const isQuiet = destination.inFlight === 0 && now - destination.lastEndedAt >= CONCURRENCY_TTL_MS;
  return isQuiet && destination.failuresInRow === 0 && now >= destination.pausedUntil && isFull;
}

function refill(destination: Destination, policy: DestinationPolicy, now: number): Destination {
  const { ratePerSecond } = policy;
  if (ratePerSecond === null) return destination;
  const seconds = (now - destination.refilledAt) / 1000;
  const tokens = Math.min(burstOf(ratePerSecond), destination.tokens + seconds * ratePerSecond);
  return { ...destination, tokens, refilledAt: now };
}

/** The bucket has room for one token even below one a second. Otherwise nothing would ever be sent. */
function burstOf(ratePerSecond: number): number {
  return Math.max(1, ratePerSecond);
}

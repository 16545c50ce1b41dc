/**
 * How much one endpoint is sent at a time. Pure; a destination is a persistent webhook, or the origin that
 * jobs' own webhooks point to. Three bounds, of which the least counts:
 * - a concurrency limit, as TCP has it: it grows by one with each success and halves with each failure, so
 *   that an endpoint that hangs holds a connection or two and not all of them; one that takes its
 *   time has a concurrency limit of no more than sixteen, to which a larger one goes back by eighths;
 * - a token bucket, where the endpoint has a rate limit;
 * - a circuit: after five failures in a row nothing is sent for a while, then one attempt tells.
 * None of them uses up a delivery's retries. Instants are of a clock that nobody can set: one that
 * is set must neither stop a destination nor fill its bucket.
 */
export interface Destination {
  readonly inFlight: number;
  readonly concurrencyLimit: number;
  readonly failuresInRow: number;
  /** Nothing is sent before this instant. */
  readonly pausedUntil: number;
  readonly tokens: number;
  readonly refilledAt: number;
  /** When its last attempt ended. */
  readonly endedAt: number;
}

export interface DestinationPolicy {
  readonly maxConcurrency: number;
  /** Attempts a second, with bursts of as many, or of one; null for no limit. */
  readonly ratePerSecond: number | null;
}

/** As TCP's slow start: six round trips to the full concurrency limit, and an endpoint that hangs has little. */
const INITIAL_CONCURRENCY = 2;
/** What a concurrency limit has learned of an endpoint says nothing once it was left alone for this long. */
const CONCURRENCY_KEPT_MS = 10_000;
/** For an endpoint that is slow: more would fill the connections that others at its origin share. */
const SLOW_CONCURRENCY = 16;
/** From 512 to 16 in 26 slow answers; a slow one among many that are not costs little. */
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
    endedAt: Number.NEGATIVE_INFINITY,
  };
}

export function isFailing(destination: Destination): boolean {
  return destination.failuresInRow > 0;
}

export function isOpen(destination: Destination): boolean {
  return destination.failuresInRow >= FAILURES_TO_OPEN;
}

/** How many attempts may begin now. */
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

/** When there may be room again without an attempt's end: a hold is over or a token is there. Null: only then. */
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

export function begun(
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
  /** The endpoint took it, but not soon. */
  | { readonly kind: "slow" }
  /** The endpoint did not take it; `pauseMs`: it asked to be left alone for so long. */
  | { readonly kind: "failed"; readonly pauseMs: number }
  /** Not an answer about the endpoint: a shutdown, or a refusal that concerns one event alone. */
  | { readonly kind: "neutral" };

export function ended(
  destination: Destination,
  policy: DestinationPolicy,
  end: { outcome: DestinationOutcome; now: number },
): Destination {
  const left = {
    ...destination,
    inFlight: Math.max(0, destination.inFlight - 1),
    endedAt: end.now,
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
      // Those under way when the circuit opened fail of the same fault: they do not open it longer.
      const isSame = isOpen(destination) && end.now < destination.pausedUntil;
      const failuresInRow = destination.failuresInRow + (isSame ? 0 : 1);
      const openings = failuresInRow - FAILURES_TO_OPEN;
      const openMs =
        openings < 0 || isSame ? 0 : Math.min(MAX_OPEN_MS, FIRST_OPEN_MS * 2 ** openings);
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
 * Somebody wants it tried now. The hold is over, its failures are not forgotten: the next attempts
 * are few, and an open circuit is held again by the first that fails.
 */
export function resume(destination: Destination, now: number): Destination {
  if (now >= destination.pausedUntil) return destination;
  return {
    ...destination,
    pausedUntil: 0,
    concurrencyLimit: Math.min(INITIAL_CONCURRENCY, destination.concurrencyLimit),
  };
}

/** Whether nothing would be lost by forgetting it. */
export function isIdle(destination: Destination, policy: DestinationPolicy, now: number): boolean {
  const isFull =
    policy.ratePerSecond === null ||
    refill(destination, policy, now).tokens >= burstOf(policy.ratePerSecond);
  const isQuiet = destination.inFlight === 0 && now - destination.endedAt >= CONCURRENCY_KEPT_MS;
  return isQuiet && destination.failuresInRow === 0 && now >= destination.pausedUntil && isFull;
}

function refill(destination: Destination, policy: DestinationPolicy, now: number): Destination {
  const { ratePerSecond } = policy;
  if (ratePerSecond === null) return destination;
  const seconds = (now - destination.refilledAt) / 1000;
  const tokens = Math.min(burstOf(ratePerSecond), destination.tokens + seconds * ratePerSecond);
  return { ...destination, tokens, refilledAt: now };
}

/** Below one a second a whole token must fit as well, or none would ever be sent. */
function burstOf(ratePerSecond: number): number {
  return Math.max(1, ratePerSecond);
}

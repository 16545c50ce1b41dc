/**
 * Decides when a destination can be sent to. Pure. A destination is a persistent webhook, or the
 * origin of webhooks given with jobs. What is decided here is stored, so that several daemons share it:
 * - A circuit breaker. It opens after five failures in a row: nothing is sent for a while, then one
 *   attempt probes the endpoint. The pauses double from five seconds up to a minute.
 * - A pause that the endpoint asked for (`Retry-After`).
 * - A token bucket, if the destination has a rate limit.
 * None of them uses up a delivery's retries. concurrency.ts limits how much one daemon has in flight.
 */

export interface DestinationState {
  readonly failuresInRow: number;
  /** Nothing is sent before this instant. */
  readonly pausedUntil: number;
}

const FAILURES_TO_OPEN = 5;
const FIRST_OPEN_MS = 5_000;
const MAX_OPEN_MS = 60_000;

export function isOpen({ failuresInRow }: Pick<DestinationState, "failuresInRow">): boolean {
  return failuresInRow >= FAILURES_TO_OPEN;
}

/** What the end of an attempt says about the destination. */
export type DestinationOutcome =
  | { readonly kind: "ok" }
  /** The endpoint accepted the event, but took long. */
  | { readonly kind: "slow" }
  /** The endpoint did not accept the event. `pauseMs` is how long it asked us to wait. */
  | { readonly kind: "failed"; readonly pauseMs: number }
  /** Says nothing about the endpoint: a shutdown, or a refusal of this one event. */
  | { readonly kind: "neutral" };

/** `isProbe`: the attempt was the one that an open circuit allows. `now` is when it ended. */
export function afterAttempt(
  state: DestinationState,
  outcome: DestinationOutcome,
  { now, isProbe }: { now: number; isProbe: boolean },
): DestinationState {
  // During a probe the destination is paused until the probe ends.
  const pausedUntil = isProbe ? Math.min(state.pausedUntil, now) : state.pausedUntil;
  switch (outcome.kind) {
    case "neutral":
      return { ...state, pausedUntil };
    case "ok":
    case "slow":
      return { failuresInRow: 0, pausedUntil };
    case "failed": {
      // Attempts in flight when the circuit opened fail for the same reason and do not prolong it.
      const isSameOutage = isOpen(state) && now < pausedUntil;
      const failuresInRow = state.failuresInRow + (isSameOutage ? 0 : 1);
      const failedProbes = failuresInRow - FAILURES_TO_OPEN;
      const openMs =
        failedProbes < 0 || isSameOutage
          ? 0
          : Math.min(MAX_OPEN_MS, FIRST_OPEN_MS * 2 ** failedProbes);
      const pauseMs = Math.max(openMs, outcome.pauseMs);
      return { failuresInRow, pausedUntil: Math.max(pausedUntil, now + pauseMs) };
    }
  }
}

/** A token is one attempt. */
export interface Bucket {
  /** Null for a full bucket. */
  readonly tokens: number | null;
  readonly refilledAt: number;
}

/**
 * Takes up to `wanted` tokens from a bucket that refills with `ratePerSecond`. `nextAt` is when a token
 * is available again; it is `now` if one is left.
 */
export function takeTokens(
  bucket: Bucket,
  { ratePerSecond, now, wanted }: { ratePerSecond: number; now: number; wanted: number },
): { readonly taken: number; readonly bucket: Bucket; readonly nextAt: number } {
  const burst = burstOf(ratePerSecond);
  // A clock that was set back must not empty the bucket.
  const seconds = Math.max(0, now - bucket.refilledAt) / 1000;
  const filled = Math.min(burst, (bucket.tokens ?? burst) + seconds * ratePerSecond);
  const taken = Math.min(wanted, Math.floor(filled));
  const tokens = filled - taken;
  const nextAt = tokens >= 1 ? now : now + Math.ceil(((1 - tokens) * 1000) / ratePerSecond);
  return { taken, bucket: { tokens, refilledAt: now }, nextAt };
}

/** The bucket has room for one token even below one a second. Otherwise nothing would ever be sent. */
function burstOf(ratePerSecond: number): number {
  return Math.max(1, ratePerSecond);
}

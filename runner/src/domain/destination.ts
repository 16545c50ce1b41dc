/**
 * How much one endpoint is sent at a time. Pure; a lane is a persistent webhook, or the origin that
 * jobs' own webhooks point to. Three bounds, of which the least counts:
 * - a window, as TCP has it: it grows by one with each success and halves with each failure, so
 *   that an endpoint that hangs holds a connection or two and not all of them; one that takes its
 *   time has a window of no more than sixteen, to which a larger one goes back by eighths;
 * - a token bucket, where the endpoint has a rate limit;
 * - a circuit: after five failures in a row nothing is sent for a while, then one attempt tells.
 * None of them uses up a delivery's retries. Instants are of a clock that nobody can set: one that
 * is set must neither stop a lane nor fill its bucket.
 */
export interface Lane {
  readonly inFlight: number;
  readonly window: number;
  readonly failuresInRow: number;
  /** Nothing is sent before this instant. */
  readonly heldUntil: number;
  readonly tokens: number;
  readonly refilledAt: number;
  /** When its last attempt ended. */
  readonly endedAt: number;
}

export interface LanePolicy {
  readonly maxWindow: number;
  /** Attempts a second, with bursts of as many, or of one; null for no limit. */
  readonly ratePerSecond: number | null;
}

/** As TCP's slow start: six round trips to the full window, and an endpoint that hangs has little. */
const FIRST_WINDOW = 2;
/** What a window has learned of an endpoint says nothing once it was left alone for this long. */
const WINDOW_KEPT_MS = 10_000;
/** For an endpoint that is slow: more would fill the connections that others at its origin share. */
const SLOW_WINDOW = 16;
/** From 512 to 16 in 26 slow answers; a slow one among many that are not costs little. */
const SLOW_SHRINK = 7 / 8;
const FAILURES_TO_OPEN = 5;
const FIRST_OPEN_MS = 5_000;
const MAX_OPEN_MS = 60_000;

export function newLane(policy: LanePolicy, now: number): Lane {
  return {
    inFlight: 0,
    window: Math.min(FIRST_WINDOW, policy.maxWindow),
    failuresInRow: 0,
    heldUntil: 0,
    tokens: policy.ratePerSecond === null ? 0 : burstOf(policy.ratePerSecond),
    refilledAt: now,
    endedAt: Number.NEGATIVE_INFINITY,
  };
}

export function isFailing(lane: Lane): boolean {
  return lane.failuresInRow > 0;
}

export function isOpen(lane: Lane): boolean {
  return lane.failuresInRow >= FAILURES_TO_OPEN;
}

/** How many attempts may begin now. */
export function allowance(lane: Lane, policy: LanePolicy, now: number): number {
  if (now < lane.heldUntil) return 0;
  const window = isOpen(lane) ? 1 : Math.floor(lane.window);
  const room = Math.max(0, window - lane.inFlight);
  if (policy.ratePerSecond === null) return room;
  return Math.min(room, Math.floor(refill(lane, policy, now).tokens));
}

/** When there may be room again without an attempt's end: a hold is over or a token is there. Null: only then. */
export function nextAllowanceAt(lane: Lane, policy: LanePolicy, now: number): number | null {
  if (now < lane.heldUntil) return lane.heldUntil;
  const { ratePerSecond } = policy;
  if (ratePerSecond === null) return null;
  const { tokens } = refill(lane, policy, now);
  return tokens >= 1 ? null : now + Math.ceil(((1 - tokens) * 1000) / ratePerSecond);
}

export function begun(lane: Lane, policy: LanePolicy, at: { now: number; attempts: number }): Lane {
  const refilled = refill(lane, policy, at.now);
  return {
    ...refilled,
    inFlight: lane.inFlight + at.attempts,
    tokens: policy.ratePerSecond === null ? 0 : refilled.tokens - at.attempts,
  };
}

export type LaneOutcome =
  | { readonly kind: "ok" }
  /** The endpoint took it, but not soon. */
  | { readonly kind: "slow" }
  /** The endpoint did not take it; `holdMs`: it asked to be left alone for so long. */
  | { readonly kind: "failed"; readonly holdMs: number }
  /** Not an answer about the endpoint: a shutdown, or a refusal that concerns one event alone. */
  | { readonly kind: "neutral" };

export function ended(
  lane: Lane,
  policy: LanePolicy,
  end: { outcome: LaneOutcome; now: number },
): Lane {
  const left = { ...lane, inFlight: Math.max(0, lane.inFlight - 1), endedAt: end.now };
  switch (end.outcome.kind) {
    case "neutral":
      return left;
    case "ok": {
      const window = Math.min(policy.maxWindow, lane.window + 1);
      return { ...left, window, failuresInRow: 0 };
    }
    case "slow": {
      const most = Math.min(policy.maxWindow, SLOW_WINDOW);
      const window =
        lane.window < most
          ? Math.min(most, lane.window + 1)
          : Math.max(most, lane.window * SLOW_SHRINK);
      return { ...left, window, failuresInRow: 0 };
    }
    case "failed": {
      // Those under way when the circuit opened fail of the same fault: they do not open it longer.
      const isSame = isOpen(lane) && end.now < lane.heldUntil;
      const failuresInRow = lane.failuresInRow + (isSame ? 0 : 1);
      const openings = failuresInRow - FAILURES_TO_OPEN;
      const openMs =
        openings < 0 || isSame ? 0 : Math.min(MAX_OPEN_MS, FIRST_OPEN_MS * 2 ** openings);
      const holdMs = Math.max(openMs, end.outcome.holdMs);
      return {
        ...left,
        failuresInRow,
        window: Math.max(1, lane.window / 2),
        heldUntil: Math.max(lane.heldUntil, end.now + holdMs),
      };
    }
  }
}

/**
 * Somebody wants it tried now. The hold is over, its failures are not forgotten: the next attempts
 * are few, and an open circuit is held again by the first that fails.
 */
export function letGo(lane: Lane, now: number): Lane {
  if (now >= lane.heldUntil) return lane;
  return { ...lane, heldUntil: 0, window: Math.min(FIRST_WINDOW, lane.window) };
}

/** Whether nothing would be lost by forgetting it. */
export function isIdle(lane: Lane, policy: LanePolicy, now: number): boolean {
  const isFull =
    policy.ratePerSecond === null ||
    refill(lane, policy, now).tokens >= burstOf(policy.ratePerSecond);
  const isQuiet = lane.inFlight === 0 && now - lane.endedAt >= WINDOW_KEPT_MS;
  return isQuiet && lane.failuresInRow === 0 && now >= lane.heldUntil && isFull;
}

function refill(lane: Lane, policy: LanePolicy, now: number): Lane {
  const { ratePerSecond } = policy;
  if (ratePerSecond === null) return lane;
  const seconds = (now - lane.refilledAt) / 1000;
  const tokens = Math.min(burstOf(ratePerSecond), lane.tokens + seconds * ratePerSecond);
  return { ...lane, tokens, refilledAt: now };
}

/** Below one a second a whole token must fit as well, or none would ever be sent. */
function burstOf(ratePerSecond: number): number {
  return Math.max(1, ratePerSecond);
}

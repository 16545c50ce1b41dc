/** What is stored of a limit, or of one of its keys, while it is in use. */
import { boundArrival, freeOfRate, nextOfRate, takeOfRate, type Rate } from "./limit-rate.ts";

export interface LimitState {
  /** The theoretical arrival time of its rate. */
  readonly arrival: number;
  /** Null if it is not paused. */
  readonly pausedAt: number | null;
  /** Null: until it is resumed. */
  readonly pausedUntil: number | null;
}

export const UNUSED: LimitState = { arrival: 0, pausedAt: null, pausedUntil: null };

export function isPaused({ pausedAt, pausedUntil }: LimitState, now: number): boolean {
  return pausedAt !== null && (pausedUntil === null || pausedUntil > now);
}

/** How many slots can be given now, whatever the slots in use. */
export function slotsByState(state: LimitState, rate: Rate | null, now: number): number {
  if (isPaused(state, now)) return 0;
  return rate === null ? Number.MAX_SAFE_INTEGER : freeOfRate(rate, state.arrival, now);
}

/** When to look again, if no slot can be given now. Null: when it is resumed. */
export function lookAgainAt(state: LimitState, rate: Rate | null, now: number): number | null {
  if (isPaused(state, now)) return state.pausedUntil;
  return rate === null ? now : nextOfRate(rate, state.arrival, now);
}

export function afterGiving(
  state: LimitState,
  rate: Rate | null,
  { now, slots }: { now: number; slots: number },
): LimitState {
  if (rate === null) return state;
  const arrival =
    slots === 0
      ? boundArrival(rate, state.arrival, now)
      : takeOfRate(rate, state.arrival, { now, steps: slots });
  return arrival === state.arrival ? state : { ...state, arrival };
}

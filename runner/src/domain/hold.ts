/** Why nothing is sent to a destination now. Pure. */
import { isOpen } from "./destination.ts";

/** What is stored about how a destination can be sent to. */
export interface DestinationHealth {
  readonly failuresInRow: number;
  readonly pausedUntil: number;
  /** Since when its circuit is open or its endpoint has asked to wait; null when neither is so. */
  readonly heldSince: number | null;
  /** Since when its webhook is paused or off; null while it is active. */
  readonly stoppedSince: number | null;
  /** The error of the last failed attempt; null after a success. */
  readonly lastError: string | null;
}

/**
 * `circuit`: after five failures in a row one attempt at a time probes the endpoint. `pause`: the
 * endpoint asked for it. `webhook`: the webhook is paused or off.
 */
export const HOLD_KINDS = ["circuit", "pause", "webhook"] as const;

export interface Hold {
  readonly kind: (typeof HOLD_KINDS)[number];
  /** The reason, as a sentence. */
  readonly detail: string;
  readonly since: number;
  /** Nothing is sent before; null when that depends on a person. */
  readonly until: number | null;
}

export function holdOf(health: DestinationHealth, now: number): Hold | null {
  const { failuresInRow, pausedUntil, heldSince, stoppedSince, lastError } = health;
  if (stoppedSince !== null) {
    const detail = "The webhook is paused or off: its events wait until it is active.";
    return { kind: "webhook", detail, since: stoppedSince, until: null };
  }
  if (heldSince === null) return null;
  const error = lastError === null ? "" : ` The last one: ${lastError}.`;
  if (isOpen(health)) {
    const detail = `The last ${failuresInRow} attempts to this destination have failed, so one attempt at a time finds out whether it works again.${error}`;
    return { kind: "circuit", detail, since: heldSince, until: pausedUntil };
  }
  if (pausedUntil <= now) return null;
  const detail = `The endpoint asked to wait with a Retry-After header.${error}`;
  return { kind: "pause", detail, since: heldSince, until: pausedUntil };
}

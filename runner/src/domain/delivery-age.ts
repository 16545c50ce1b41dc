/** How old a delivery is, and when it is too old to be sent. Pure. */

/** A span of time that does not count: the daemon was down, or the webhook was paused. */
export interface IdleSpan {
  readonly from: number;
  readonly until: number;
}

/** The time between two instants without what the spans cover, in ms. Spans can overlap. */
export function activeMs(from: number, until: number, idle: readonly IdleSpan[]): number {
  let ms = Math.max(0, until - from);
  let counted = from;
  for (const span of idle.toSorted((a, b) => a.from - b.from)) {
    const begin = Math.max(span.from, counted);
    const end = Math.min(span.until, until);
    if (end <= begin) continue;
    ms -= end - begin;
    counted = end;
  }
  return ms;
}

/** Why a delivery that is too old is dead. */
export function tooOldReason(maxAgeMs: number, attempts: number): string {
  const tries = attempts === 0 ? "without an attempt" : `after ${count(attempts, "attempt")}`;
  return `Given up ${tries}: the event is older than ${toText(maxAgeMs)}, not counting time in which the webhook was paused or the daemon was down.`;
}

const UNITS = [
  ["day", 24 * 60 * 60 * 1000],
  ["hour", 60 * 60 * 1000],
  ["minute", 60 * 1000],
  ["second", 1000],
] as const;

/** The duration in the largest unit that divides it. */
function toText(ms: number): string {
  const unit = UNITS.find(([, length]) => ms % length === 0);
  return unit === undefined ? `${ms} ms` : count(ms / unit[1], unit[0]);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** When a delivery is tried again: fixed waits of growing length, spread so that retries do not bunch. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Waits after the first, second, third … failed attempt, in ms. */
export const RETRY_WAITS_MS = [
  1 * SECOND,
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  24 * HOUR,
] as const;

export const MAX_RETRIES = RETRY_WAITS_MS.length;
export const DEFAULT_RETRIES = 5;

/** A longer Retry-After than this is cut to it, in ms. */
export const MAX_RETRY_AFTER_MS = HOUR;

const SPREAD = 0.2;

/**
 * The wait before the retry that follows `retriesUsed` earlier ones, ±20 %; null when none is left.
 * `random` is in [0, 1).
 */
export function retryWaitMs(retriesUsed: number, retries: number, random: number): number | null {
  if (retriesUsed >= Math.min(retries, MAX_RETRIES)) return null;
  const wait = RETRY_WAITS_MS[retriesUsed];
  if (wait === undefined) return null;
  return Math.round(wait * (1 + SPREAD * (2 * random - 1)));
}

/**
 * A Retry-After header as a wait in ms, at most an hour: seconds (decimals too) or an HTTP date
 * (RFC 9110 §10.2.3). Null when it is neither; a date gone by is 0.
 */
export function parseRetryAfter(value: string, now: number): number | null {
  const text = value.trim();
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return clamp(Number(text) * SECOND);
  if (!/^[A-Za-z]{3}[a-z]*,? /.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : clamp(at - now);
}

function clamp(ms: number): number {
  return Math.min(Math.max(0, Math.round(ms)), MAX_RETRY_AFTER_MS);
}

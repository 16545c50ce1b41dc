/** How long a delivery waits before a retry. The waits grow, and a random spread keeps retries apart. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The wait after the first, second, third … failed attempt, in ms. */
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

/** The longest Retry-After that is respected, in ms. */
export const MAX_RETRY_AFTER_MS = HOUR;

const SPREAD = 0.2;

/**
 * The wait before the next retry, ±20 %, after `retriesUsed` earlier retries; null when no retry is
 * left. `random` is in [0, 1).
 */
export function retryWaitMs(retriesUsed: number, retries: number, random: number): number | null {
  if (retriesUsed >= Math.min(retries, MAX_RETRIES)) return null;
  const wait = RETRY_WAITS_MS[retriesUsed];
  if (wait === undefined) return null;
  return Math.round(wait * (1 + SPREAD * (2 * random - 1)));
}

/**
 * The wait that a Retry-After header asks for, in ms, at most an hour: seconds (decimals are accepted)
 * or an HTTP date (RFC 9110 §10.2.3). A past date is 0. Null when the header contains neither.
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

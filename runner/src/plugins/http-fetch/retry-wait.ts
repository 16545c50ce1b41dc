const FIRST_WAIT_MS = 1000;

/** Milliseconds of `Retry-After`, which is seconds or a date. Null if there is none. */
export function parseRetryAfter(written: string | null, now: number): number | null {
  if (written === null) return null;
  if (/^\s*\d+\s*$/.test(written)) return Number(written) * 1000;
  const date = Date.parse(written);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** Doubles from a second, with up to a quarter less so that clients do not come together. */
export function backoff(attempt: number): number {
  return FIRST_WAIT_MS * 2 ** attempt * (1 - Math.random() / 4);
}

/**
 * How often a limit lets steps begin, by the generic cell rate algorithm (GCRA). One number is stored, the
 * theoretical arrival time: the instant at which the steps that began are paid for at the limit's rate.
 */

/** A rate such as `10/s`, and how many steps can begin at once after a quiet time. */
export interface Rate {
  readonly rate: string;
  readonly burst: number;
}

const RATE = /^([1-9]\d{0,4})\/(s|m|h)$/;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;
/** The most steps in a unit, so that each takes a tenth of a millisecond or more. */
const MAX_COUNT = 10_000;
export const MAX_BURST = 1_000;
export const RATE_WORDS = `a number from 1 to ${MAX_COUNT} of steps in a second, a minute or an hour, such as "10/s", "100/m" or "5/h"`;

/** Rounding must not cost a step. */
const EPSILON = 1e-6;

/** The time between two steps, in ms. Null if the text is no rate. */
export function parseRate(text: string): number | null {
  const match = RATE.exec(text);
  if (match === null) return null;
  const count = Number(match[1]);
  return count > MAX_COUNT ? null : UNIT_MS[match[2] as keyof typeof UNIT_MS] / count;
}

/** How many steps can begin now. */
export function freeOfRate(rate: Rate, arrival: number, now: number): number {
  const each = intervalMs(rate);
  return Math.floor((now + rate.burst * each - current(rate, arrival, now)) / each + EPSILON);
}

/** The first instant at which a step can begin. */
export function nextOfRate(rate: Rate, arrival: number, now: number): number {
  const each = intervalMs(rate);
  const at = current(rate, arrival, now) - (rate.burst - 1) * each;
  return Math.max(now, Math.ceil(at - EPSILON));
}

/** The theoretical arrival time after steps have begun. */
export function takeOfRate(
  rate: Rate,
  arrival: number,
  { now, steps }: { now: number; steps: number },
): number {
  return current(rate, arrival, now) + steps * intervalMs(rate);
}

/** The slower rate, and the smaller burst. */
export function leastRate(rates: readonly (Rate | null)[]): Rate | null {
  const known = rates.filter((rate) => rate !== null);
  const [slowest] = known.toSorted((a, b) => intervalMs(b) - intervalMs(a));
  if (slowest === undefined) return null;
  return { rate: slowest.rate, burst: Math.min(...known.map(({ burst }) => burst)) };
}

/**
 * No later than the rate can lead to. Else the clock was set back, or the rate was slower before. Store what
 * it returns, or the time that passes brings the next step no nearer.
 */
export function boundArrival(rate: Rate, arrival: number, now: number): number {
  return Math.min(arrival, now + rate.burst * intervalMs(rate));
}

function current(rate: Rate, arrival: number, now: number): number {
  return Math.max(now, boundArrival(rate, arrival, now));
}

function intervalMs({ rate }: Rate): number {
  return parseRate(rate) ?? UNIT_MS.h;
}

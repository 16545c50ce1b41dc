import { copy } from "./stored-value.ts";

/** Scales values so that a sum of the largest doubles does not overflow. A power of 2 is exact. */
const SCALE = 2 ** -100;

/** The count, bounds and sum of numbers, or of dates in ms. */
export interface Summary {
  count: number;
  /** How many are written without a fraction. */
  whole: number;
  min: number | null;
  max: number | null;
  minText: string | null;
  maxText: string | null;
  sum: Sum;
  scaledSum: Sum;
}

/** Neumaier's sum, so that the rounding errors of millions of additions do not accumulate. */
interface Sum {
  total: number;
  lost: number;
}

export function createSummary(): Summary {
  return {
    count: 0,
    whole: 0,
    min: null,
    max: null,
    minText: null,
    maxText: null,
    sum: { total: 0, lost: 0 },
    scaledSum: { total: 0, lost: 0 },
  };
}

export interface Occurrences {
  /** As written. */
  readonly text: string;
  readonly count: number;
  /** Whether the number is written with a fraction. */
  readonly isFraction: boolean;
}

export function addTo(summary: Summary, value: number, occurrences: Occurrences): void {
  const { text, count, isFraction } = occurrences;
  summary.count += count;
  if (!isFraction && Number.isInteger(value)) summary.whole += count;
  widen(summary, value, text);
  addToSum(summary.sum, value * count);
  addToSum(summary.scaledSum, value * SCALE * count);
}

export function merge(a: Summary, b: Summary): Summary {
  const merged: Summary = { ...a, sum: { ...a.sum }, scaledSum: { ...a.scaledSum } };
  merged.count += b.count;
  merged.whole += b.whole;
  if (b.min !== null) widen(merged, b.min, b.minText ?? "");
  if (b.max !== null) widen(merged, b.max, b.maxText ?? "");
  for (const name of ["sum", "scaledSum"] as const) {
    addToSum(merged[name], b[name].total);
    addToSum(merged[name], b[name].lost);
  }
  return merged;
}

export function meanOf({ count, sum, scaledSum }: Summary): number | null {
  if (count === 0) return null;
  const total = sum.total + sum.lost;
  if (Number.isFinite(total)) return total / count;
  return (scaledSum.total + scaledSum.lost) / count / SCALE;
}

function widen(summary: Summary, value: number, text: string): void {
  if (summary.min === null || value < summary.min) {
    summary.min = value;
    summary.minText = copy(text);
  }
  if (summary.max === null || value > summary.max) {
    summary.max = value;
    summary.maxText = copy(text);
  }
}

function addToSum(sum: Sum, number: number): void {
  const next = sum.total + number;
  sum.lost +=
    Math.abs(sum.total) >= Math.abs(number) ? sum.total - next + number : number - next + sum.total;
  sum.total = next;
}

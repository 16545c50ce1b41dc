import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketOf, quantileMs, type Histogram } from "./histogram.ts";

function histogramOf(durations: readonly number[]): Histogram {
  const histogram = new Map<number, number>();
  for (const each of durations) {
    const bucket = bucketOf(each);
    histogram.set(bucket, (histogram.get(bucket) ?? 0) + 1);
  }
  return histogram;
}

test("an empty histogram has no quantile", () => {
  expect(quantileMs(new Map(), 0.5)).toBeNull();
});

test("durations below a millisecond count as 0", () => {
  expect(quantileMs(histogramOf([0, 0.4, 0.999]), 0.95)).toBe(0);
});

test("a quantile is at most a tenth away from the true one", () => {
  const durations = fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.95), (given, q) => {
      const sorted = given.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(q * sorted.length) - 1] ?? 0;
      const quantile = quantileMs(histogramOf(given), q) ?? 0;
      expect(Math.abs(quantile - exact)).toBeLessThanOrEqual(exact / 10 + 1e-9);
    }),
  );
});

test("a bucket's quantile is a tenth away from neither of its ends", () => {
  for (let bucket = 1; bucket < 120; bucket += 1) {
    const quantile = quantileMs(new Map([[bucket, 1]]), 0.5) ?? 0;
    const least = 2 ** ((bucket - 1) / 4);
    const most = 2 ** (bucket / 4);
    expect(quantile - least).toBeLessThan(least / 10);
    expect(most - quantile).toBeLessThan(most / 10);
  }
});

test("the median is not the longest duration, and the 95th percentile ignores the top five in a hundred", () => {
  const histogram = histogramOf([
    ...Array.from({ length: 95 }, () => 100),
    9e5,
    9e5,
    9e5,
    9e5,
    9e5,
  ]);
  expect(quantileMs(histogram, 0.5)).toBeCloseTo(100, -1);
  expect(quantileMs(histogram, 0.95)).toBeCloseTo(100, -1);
  expect(quantileMs(histogram, 0.96)).toBeGreaterThan(8e5);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { createDistinctEstimate } from "./distinct-estimate.ts";
import { createFrequentValues, type Counted } from "./frequent-values.ts";

function count(
  stream: readonly string[],
  capacity: number,
  settle: (value: string, entry: Counted, occurrences: number) => void = () => {},
) {
  const frequent = createFrequentValues<Counted>(capacity, settle);
  for (const value of stream) {
    const entry = frequent.get(value);
    if (entry) entry.count += 1;
    else if (frequent.admits(Number(value.replace(/\D/g, "")))) {
      frequent.set(value, { count: 1, settled: 0 });
    } else settle(value, { count: 1, settled: 1 }, 1);
  }
  return frequent;
}

test("every count is within the reported error, and the error is within its bound", () => {
  const stream = fc.array(fc.nat({ max: 60 }).map(String), { maxLength: 600 });
  fc.assert(
    fc.property(stream, fc.integer({ min: 2, max: 40 }), (values, capacity) => {
      const frequent = count(values, capacity);
      const exact = Map.groupBy(values, String);
      expect(frequent.maxError()).toBeLessThanOrEqual((2 * values.length) / capacity);
      for (const [value, { length }] of exact) {
        const stored = frequent.get(value)?.count ?? 0;
        expect(stored).toBeLessThanOrEqual(length);
        expect(stored + frequent.maxError()).toBeGreaterThanOrEqual(length);
      }
      const listed = frequent.top(capacity);
      const dropped = [...exact].filter(([value]) => !frequent.get(value));
      for (const { value } of listed) {
        for (const [, { length }] of dropped) {
          expect(exact.get(value)!.length).toBeGreaterThan(length);
        }
      }
    }),
  );
});

test("every occurrence is settled once, also of values that were pushed out", () => {
  const stream = Array.from({ length: 5_000 }, (_, index) => String((index * index) % 701));
  const settled = new Map<string, number>();
  const frequent = count(stream, 20, (value, _, occurrences) => {
    settled.set(value, (settled.get(value) ?? 0) + occurrences);
  });
  frequent.settleAll();
  frequent.settleAll();
  const exact = Map.groupBy(stream, String);
  expect(settled).toEqual(new Map([...exact].map(([value, { length }]) => [value, length])));
});

test("the number of stored values never exceeds the capacity", () => {
  const frequent = count(
    Array.from({ length: 10_000 }, (_, index) => `value ${index}`),
    100,
  );
  expect(frequent.size()).toBeLessThanOrEqual(100);
});

test.each([100, 20_000, 60_000, 500_000])(
  "%i distinct values are estimated within 2.5 %%",
  (distinct) => {
    for (const prefix of ["", "strike-record-", "2024-01-01T00:00:"]) {
      const estimate = createDistinctEstimate(14);
      for (let index = 0; index < distinct; index++) estimate.add(`${prefix}${index}`);
      for (let index = 0; index < distinct; index += 3) estimate.add(`${prefix}${index}`);
      expect(Math.abs(estimate.estimate() - distinct) / distinct).toBeLessThan(0.025);
    }
  },
);

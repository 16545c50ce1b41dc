import { expect, test } from "vitest";
import { createMetrics } from "./plugin-metrics.ts";

test("a plugin that sets no metrics has processed 0 items", () => {
  expect(createMetrics().read(1.23456)).toEqual({ processedItems: 0, duration: 1.23 });
});

test("add sums, set replaces", () => {
  const metrics = createMetrics();
  metrics.add("processedItems", 2);
  metrics.add("processedItems", 3);
  metrics.set("bytes", 1);
  metrics.set("bytes", 0.5);
  expect(metrics.read(10)).toEqual({ processedItems: 5, bytes: 0.5, duration: 10 });
});

test.each([
  ["bytes", Number.NaN, 'metric "bytes" is NaN: it must be a finite number'],
  ["bytes", "7" as unknown as number, 'metric "bytes" is 7: it must be a finite number'],
  ["duration", 1, 'metric name is "duration": it must be another name'],
  ["__proto__", 1, /^metric name is "__proto__": it must be/],
  ["two words", 1, /^metric name is "two words": it must be/],
])("%s = %s is refused", (name, value, message) => {
  expect(() => createMetrics().set(name, value)).toThrow(message);
});

test("a sum that overflows is refused", () => {
  const metrics = createMetrics();
  metrics.add("n", Number.MAX_VALUE);
  expect(() => metrics.add("n", Number.MAX_VALUE)).toThrow("Infinity");
});

test("a step can have at most 100 metrics", () => {
  const metrics = createMetrics();
  for (let n = 1; n < 100; n += 1) metrics.set(`m${n}`, n);
  expect(() => metrics.set("m100", 1)).toThrow('metric "m100" is one too many');
  metrics.set("m99", 0);
  expect(Object.keys(metrics.read(1))).toHaveLength(101);
});

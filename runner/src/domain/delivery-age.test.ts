import fc from "fast-check";
import { expect, test } from "vitest";
import { activeMs, tooOldReason } from "./delivery-age.ts";

test("the age is the time that no idle span covers, wherever the spans begin and end", () => {
  const span = fc
    .tuple(fc.nat(50), fc.nat(50))
    .map(([a, b]) => ({ from: Math.min(a, b), until: Math.max(a, b) }));
  fc.assert(
    fc.property(span, fc.array(span, { maxLength: 6 }), ({ from, until }, idle) => {
      const instants = Array.from({ length: until - from }, (_, i) => from + i);
      const isIdle = (at: number) => idle.some((each) => each.from <= at && at < each.until);
      expect(activeMs(from, until, idle)).toBe(instants.filter((at) => !isIdle(at)).length);
    }),
  );
});

test("an event of the future has no age", () => {
  expect(activeMs(10, 5, [])).toBe(0);
});

test.each([
  [7 * 24 * 60 * 60 * 1000, 0, "Given up without an attempt: the event is older than 7 days,"],
  [90 * 60 * 1000, 1, "Given up after 1 attempt: the event is older than 90 minutes,"],
  [1_500, 2, "Given up after 2 attempts: the event is older than 1500 ms,"],
])("the reason names the attempts and the maximum age: %d ms, %d", (maxAgeMs, attempts, text) => {
  expect(tooOldReason(maxAgeMs, attempts)).toContain(text);
});

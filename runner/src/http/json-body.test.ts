import fc from "fast-check";
import { expect, test } from "vitest";
import { isDeeperThan } from "./json-body.ts";

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test("the depth of a text is the depth of its value, whatever its strings contain", () => {
  const tricky = fc.string({ unit: fc.constantFrom('"', "\\", "[", "]", "{", "}", "a") });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      tricky,
      fc.array(tie("value")),
      fc.dictionary(tricky, tie("value")),
    ),
  }));
  fc.assert(
    fc.property(value, fc.integer({ min: 0, max: 6 }), (json, limit) => {
      // The padding makes the text long enough to be scanned.
      const text = JSON.stringify(json) + " ".repeat(2 * limit);
      expect(isDeeperThan(limit, text)).toBe(depthOf(json) > limit);
    }),
  );
});

test("a text of 16 MiB is scanned in less than 800 ms", () => {
  const text = JSON.stringify(Array.from({ length: 400_000 }, (_, n) => ({ n, text: 'a "b" \\' })));
  const start = performance.now();
  expect(isDeeperThan(500, text)).toBe(false);
  expect(performance.now() - start).toBeLessThan(800);
});

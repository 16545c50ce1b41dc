import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_VALUES, scanJson } from "./json-structure.ts";
import { cpuMsOf } from "../../test/support/cpu-time.ts";

const MIB = 1024 * 1024;

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function countOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, item) => sum + countOf(item), 1);
}

test("the depth and the number of values are those of the parsed value, whatever its strings contain", () => {
  const tricky = fc.string({ unit: fc.constantFrom('"', "\\", "[", "]", "{", "}", ",", "1", "a") });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      tricky,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(null, true, 0),
      fc.array(tie("value")),
      fc.dictionary(tricky, tie("value")),
    ),
  }));
  fc.assert(
    fc.property(value, (json) => {
      const { depth, values } = scanJson(JSON.stringify(json));
      expect({ depth, values }).toEqual({ depth: depthOf(json), values: countOf(json) });
    }),
  );
});

test.each([
  ["123456789012345", false],
  ["-12345678901234", false],
  ["1234567890123456", true],
  ["-0.12345678901234", true],
  ["1e400", true],
  ["1E5", true],
  ['"1234567890123456"', false],
])("whether %s could be a number that JavaScript changes: %s", (number, isLong) => {
  expect(scanJson(`{"input":[${number}]}`).hasLongNumber).toBe(isLong);
  expect(scanJson(number).hasLongNumber).toBe(isLong);
});

test("the scan ends at the first value and at the first level over the limit", () => {
  const endless = { values: "[{},".repeat(100), levels: "[".repeat(100) };
  expect(scanJson(endless.values, { maxValues: 10 }).values).toBe(11);
  expect(scanJson(endless.levels, { maxDepth: 10 }).depth).toBe(11);
});

test.each(["{},", "1,", '"",', "[", " ", "1".repeat(15) + ",", '"\\"\\\\",'])(
  "16 MiB of %j are scanned in less than 3 s of processor time",
  async (item) => {
    const text = `[${item.repeat((16 * MIB) / item.length)}0]`;
    const scan = () => scanJson(text, { maxValues: Infinity, maxDepth: Infinity });
    expect(await cpuMsOf(scan)).toBeLessThan(3_000);
  },
);

test("16 MiB of empty objects are recognized as too many values in a fraction of the time to scan them", async () => {
  const text = `[${"{},".repeat((16 * MIB) / 3)}0]`;
  const timeOf = (maxValues: number) =>
    cpuMsOf(() => expect(scanJson(text, { maxValues }).values).toBeGreaterThan(MAX_VALUES));
  const whole = [await timeOf(Infinity), await timeOf(Infinity), await timeOf(Infinity)];
  const part = [await timeOf(MAX_VALUES), await timeOf(MAX_VALUES), await timeOf(MAX_VALUES)];
  expect(Math.min(...part)).toBeLessThan(Math.min(...whole) / 2);
});

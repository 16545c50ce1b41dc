import { expect, test } from "vitest";
import { cpuMsOf } from "../../test/support/cpu-time.ts";
import { isExact } from "./exact-number.ts";

test("a number of a million zeros between two digits is read in less than 500 ms of CPU", async () => {
  const used = await cpuMsOf(() => {
    expect(isExact(`1${"0".repeat(1_000_000)}1`)).toBe(false);
    expect(isExact(`0.1${"0".repeat(1_000_000)}1`)).toBe(false);
  });
  expect(used).toBeLessThan(500);
});

test.each([
  "0",
  "-0",
  "0.0",
  "1",
  "-1.50",
  "100",
  "1e2",
  "1E+2",
  "0.1",
  "1.10",
  "9007199254740992",
  "12345678901234567000",
  "1e21",
  "1000000000000000000000",
  "5e-324",
  "0e999999",
  "1.7976931348623157e308",
])("%s is exact", (source) => {
  expect(isExact(source)).toBe(true);
});

test.each([
  "9007199254740993",
  "8202522731445525542",
  "-8202522731445525542",
  "0.1000000000000000055",
  "1e400",
  "-1e400",
  "1e-400",
  "12345678901234567.5",
  "9".repeat(400),
])("%s is not exact", (source) => {
  expect(isExact(source)).toBe(false);
});

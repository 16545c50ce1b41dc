import { expect, test } from "vitest";
import type { Refused } from "../domain/errors.ts";
import { createLoginLimit } from "./login-limit.ts";

function createLimit() {
  let time = 0;
  const limit = createLoginLimit(() => time);
  function isRefused(address: string): boolean {
    try {
      limit.check(address);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: "TOO_MANY_LOGINS" } satisfies Partial<Refused>);
      return true;
    }
  }
  function fail(address: string, times: number): void {
    for (let count = 0; count < times; count += 1) limit.failed(address);
  }
  return { limit, isRefused, fail, pass: (ms: number) => void (time += ms) };
}

test("ten failed logins a minute are the limit of an address", () => {
  const { isRefused, fail, pass, limit } = createLimit();
  fail("10.0.0.1", 9);
  expect(isRefused("10.0.0.1")).toBe(false);
  pass(20_000);
  fail("10.0.0.1", 1);
  expect(isRefused("10.0.0.1")).toBe(true);
  expect(isRefused("10.0.0.2")).toBe(false);
  expect(() => limit.check("10.0.0.1")).toThrow("Try again in 40 s.");
  pass(39_999);
  expect(isRefused("10.0.0.1")).toBe(true);
  pass(1);
  expect(isRefused("10.0.0.1")).toBe(false);
});

test.each([
  ["2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", true],
  ["2001:db8::1", "2001:db8:0:0:ffff::", true],
  ["::1", "::2", true],
  ["2001:db8:1:2::1", "2001:db8:1:3::1", false],
  ["::ffff:10.0.0.1", "10.0.0.1", true],
  ["::ffff:10.0.0.1", "::ffff:10.0.0.2", false],
])("%s and %s count as one address: %s", (failing, other, isOne) => {
  const { isRefused, fail } = createLimit();
  fail(failing, 10);
  expect(isRefused(other)).toBe(isOne);
});

test("an attacker with many addresses makes it forget the oldest, and grows no memory", () => {
  const { isRefused, fail } = createLimit();
  fail("a", 10);
  for (let at = 0; at < 9_999; at += 1) fail(`10.${at >> 8}.${at & 255}.1`, 1);
  expect(isRefused("a")).toBe(true);
  fail("b", 10);
  expect([isRefused("a"), isRefused("b")]).toEqual([false, true]);
});

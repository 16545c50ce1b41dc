import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_RETRIES,
  MAX_RETRIES,
  MAX_RETRY_AFTER_MS,
  parseRetryAfter,
  RETRY_WAITS_MS,
  retryWaitMs,
} from "./retry.ts";

const NOW = Date.parse("2026-11-01T12:00:00Z");

test("the waits are 1 s, 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 5 h, 10 h and 24 h", () => {
  const seconds = [1, 5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 86_400];
  expect(RETRY_WAITS_MS).toEqual(seconds.map((wait) => wait * 1000));
  expect([DEFAULT_RETRIES, MAX_RETRIES]).toEqual([5, 10]);
});

describe("retryWaitMs", () => {
  test("returns the table's waits in the middle of the spread", () => {
    const waits = RETRY_WAITS_MS.map((_, used) => retryWaitMs(used, 10, 0.5));
    expect(waits).toEqual([...RETRY_WAITS_MS]);
  });

  test("stays within 20 % of the table and returns null after the last retry", () => {
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.nat(20),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (used, retries, random) => {
          const wait = retryWaitMs(used, retries, random);
          if (used >= retries || used >= 10) return wait === null;
          const base = RETRY_WAITS_MS[used] ?? 0;
          return wait !== null && wait >= base * 0.8 - 1 && wait <= base * 1.2 + 1;
        },
      ),
    );
  });
});

describe("parseRetryAfter", () => {
  test.each([
    ["120", 120_000],
    ["120.1", 120_100],
    [" 7 ", 7_000],
    ["0", 0],
    ["Sun, 01 Nov 2026 12:02:00 GMT", 120_000],
    ["Sunday, 01-Nov-26 12:02:00 GMT", 120_000],
    ["Sun, 01 Nov 2026 11:00:00 GMT", 0],
    ["86400", MAX_RETRY_AFTER_MS],
  ])("reads %j as %d ms", (text, ms) => {
    expect(parseRetryAfter(text, NOW)).toBe(ms);
  });

  test.each([
    "",
    "soon",
    "-5",
    "1e9",
    "NaN",
    "2026-11-01",
    "12:00",
    "1,5",
    "5 s",
    "Sun, soon",
    "1 Nov 2026 12:02:00 GMT",
    "in 5",
  ])("returns null for %j", (text) => {
    expect(parseRetryAfter(text, NOW)).toBeNull();
  });

  test("never returns a negative wait or more than an hour", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const wait = parseRetryAfter(text, NOW);
        return wait === null || (wait >= 0 && wait <= MAX_RETRY_AFTER_MS);
      }),
    );
  });
});

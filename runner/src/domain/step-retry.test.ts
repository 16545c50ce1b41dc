import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FAILURES, type FailureCode } from "./errors.ts";
import { MAX_RETRY_DELAY_MS, stepRetryDelayMs, toRetryPolicy } from "./step-retry.ts";

const POLICY = toRetryPolicy({
  attempts: 4,
  backoff: { delayMs: 100, factor: 3, maxDelayMs: 500 },
});
const FAILED = { failedAttempts: 1, code: "PLUGIN_THREW", random: 0.5 } as const;

function delays(policy: typeof POLICY, random: number): (number | null)[] {
  return [1, 2, 3, 4].map((failedAttempts) =>
    stepRetryDelayMs(policy, { ...FAILED, failedAttempts, random }),
  );
}

test("what a policy leaves out has its default", () => {
  expect(toRetryPolicy({ attempts: 3, backoff: { factor: 1 } })).toEqual({
    attempts: 3,
    backoff: { delayMs: 1_000, factor: 1, maxDelayMs: 3_600_000, jitter: 0.2 },
  });
});

describe("the wait before the next attempt", () => {
  test("grows by the factor up to the maximum, until no attempt is left", () => {
    const exact = { ...POLICY, backoff: { ...POLICY.backoff, jitter: 0 } };
    expect(delays(exact, 0.5)).toEqual([100, 300, 500, null]);
  });

  test("is shorter or longer by up to the jitter", () => {
    expect(delays(POLICY, 0)).toEqual([80, 240, 400, null]);
    // No wait is longer than the maximum, and those that reach it still differ.
    expect(delays(POLICY, 0.5)).toEqual([100, 300, 450, null]);
    expect(delays(POLICY, 0.999)).toEqual([120, 360, 500, null]);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        const [first] = delays(POLICY, random);
        return first !== null && first !== undefined && first >= 80 && first <= 120;
      }),
    );
  });

  test("is the one that the plugin asks for, at most 7 days, if an attempt is left", () => {
    const wish = { afterMs: 7 };
    expect(stepRetryDelayMs(POLICY, { ...FAILED, wish })).toBe(7);
    expect(stepRetryDelayMs(POLICY, { ...FAILED, wish: { afterMs: Infinity } })).toBe(
      MAX_RETRY_DELAY_MS,
    );
    expect(stepRetryDelayMs(POLICY, { ...FAILED, wish, failedAttempts: 4 })).toBeNull();
    expect(stepRetryDelayMs(null, { ...FAILED, wish })).toBeNull();
  });

  test("is none if the plugin asks for no other attempt, or another cannot help", () => {
    expect(stepRetryDelayMs(POLICY, { ...FAILED, wish: "never" })).toBeNull();
    const retried = (Object.keys(FAILURES) as FailureCode[]).filter(
      (code) => stepRetryDelayMs(POLICY, { ...FAILED, code }) !== null,
    );
    expect(retried).toEqual([
      "PLUGIN_THREW",
      "PLUGIN_TIMEOUT",
      "OUT_OF_MEMORY",
      "PLUGIN_EXITED",
      "PLUGIN_CRASHED",
      "FILES_FULL",
      "FILES_UNAVAILABLE",
    ]);
  });
});

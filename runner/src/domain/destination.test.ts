import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  allowance,
  beginAttempts,
  endAttempt,
  isIdle,
  isOpen,
  resume,
  newDestination,
  nextAllowanceAt,
  type Destination,
  type DestinationOutcome,
  type DestinationPolicy,
} from "./destination.ts";

const FREE: DestinationPolicy = { maxConcurrency: 64, ratePerSecond: null };
const FAILED: DestinationOutcome = { kind: "failed", pauseMs: 0 };

function end(
  destination: Destination,
  outcome: DestinationOutcome,
  now = 0,
  policy = FREE,
): Destination {
  return endAttempt(beginAttempts(destination, policy, { now, attempts: 1 }), policy, {
    outcome,
    now,
  });
}

function endTimes(
  destination: Destination,
  times: number,
  outcome: DestinationOutcome,
  now = 0,
): Destination {
  return Array.from({ length: times }).reduce<Destination>(
    (each) => end(each, outcome, now),
    destination,
  );
}

describe("the concurrency limit", () => {
  test("starts at two and grows by one with each success up to the maximum", () => {
    let destination = newDestination(FREE, 0);
    expect(allowance(destination, FREE, 0)).toBe(2);
    destination = endTimes(destination, 10, { kind: "ok" });
    expect(allowance(destination, FREE, 0)).toBe(12);
    destination = endTimes(destination, 100, { kind: "ok" });
    expect(allowance(destination, FREE, 0)).toBe(64);
  });

  test("halves with each failure, down to one", () => {
    let destination = endTimes(newDestination(FREE, 0), 62, { kind: "ok" });
    const seen: number[] = [];
    for (let failures = 0; failures < 4; failures += 1) {
      destination = end(destination, FAILED);
      seen.push(allowance(destination, FREE, 0));
    }
    expect(seen).toEqual([32, 16, 8, 4]);
    destination = endTimes(newDestination(FREE, 0), 3, FAILED);
    expect(allowance(destination, FREE, 0)).toBe(1);
  });

  test("grows to sixteen with slow successes, and shrinks to sixteen from above", () => {
    let destination = endTimes(newDestination(FREE, 0), 100, { kind: "slow" });
    expect(allowance(destination, FREE, 0)).toBe(16);
    destination = endTimes(destination, 30, { kind: "ok" });
    expect(allowance(destination, FREE, 0)).toBe(46);
    destination = endTimes(destination, 2, { kind: "slow" });
    expect(allowance(destination, FREE, 0)).toBe(35);
    const wide = { ...FREE, maxConcurrency: 256 };
    for (let n = 0; n < 256; n += 1) destination = end(destination, { kind: "ok" }, 0, wide);
    expect(allowance(destination, wide, 0)).toBe(256);
    for (let n = 0; n < 21; n += 1) destination = end(destination, { kind: "slow" }, 0, wide);
    expect(allowance(destination, wide, 0)).toBe(16);
    const narrow = { ...FREE, maxConcurrency: 4 };
    destination = newDestination(narrow, 0);
    for (let n = 0; n < 9; n += 1) destination = end(destination, { kind: "slow" }, 0, narrow);
    expect(allowance(destination, narrow, 0)).toBe(4);
  });

  test("includes the attempts in flight", () => {
    const destination = beginAttempts(newDestination(FREE, 0), FREE, { now: 0, attempts: 2 });
    expect(allowance(destination, FREE, 0)).toBe(0);
    expect(nextAllowanceAt(destination, FREE, 0)).toBeNull();
  });

  test("does not change with a neutral outcome", () => {
    const destination = endTimes(newDestination(FREE, 0), 4, FAILED);
    expect(end(destination, { kind: "neutral" })).toEqual(destination);
  });
});

describe("the circuit", () => {
  const opened = endTimes(newDestination(FREE, 0), 5, FAILED, 1_000);

  test("opens after five failures in a row, and a success between them resets the count", () => {
    expect(isOpen(endTimes(newDestination(FREE, 0), 4, FAILED))).toBe(false);
    expect(isOpen(opened)).toBe(true);
    const mixed = end(endTimes(newDestination(FREE, 0), 4, FAILED), { kind: "ok" });
    expect(isOpen(endTimes(mixed, 4, FAILED))).toBe(false);
  });

  test("allows no attempt for five seconds, then one", () => {
    expect(allowance(opened, FREE, 5_999)).toBe(0);
    expect(nextAllowanceAt(opened, FREE, 1_500)).toBe(6_000);
    expect(allowance(opened, FREE, 6_000)).toBe(1);
    const probing = beginAttempts(opened, FREE, { now: 6_000, attempts: 1 });
    expect(allowance(probing, FREE, 6_000)).toBe(0);
  });

  test("stays open twice as long each time that attempt fails, up to a minute", () => {
    const pauses: number[] = [];
    let destination = opened;
    for (let probe = 0; probe < 6; probe += 1) {
      const now = destination.pausedUntil;
      destination = end(destination, FAILED, now);
      pauses.push(destination.pausedUntil - now);
    }
    expect(pauses).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  test("closes when that attempt succeeds", () => {
    const destination = end(opened, { kind: "ok" }, 6_000);
    expect(isOpen(destination)).toBe(false);
    expect(allowance(destination, FREE, 6_000)).toBeGreaterThan(1);
  });

  test("does not stay open longer when attempts fail that were in flight when it opened", () => {
    let destination = beginAttempts(endTimes(newDestination(FREE, 0), 62, { kind: "ok" }), FREE, {
      now: 0,
      attempts: 64,
    });
    for (let i = 0; i < 64; i += 1)
      destination = endAttempt(destination, FREE, { outcome: FAILED, now: 1_000 + i });
    expect(destination.inFlight).toBe(0);
    expect(nextAllowanceAt(destination, FREE, 2_000)).toBe(1_004 + 5_000);
    const next = end(destination, FAILED, destination.pausedUntil);
    expect(next.pausedUntil - destination.pausedUntil).toBe(10_000);
  });
});

test("a Retry-After pauses a destination after a single failure, and a shorter one does not shorten it", () => {
  const destination = end(newDestination(FREE, 0), { kind: "failed", pauseMs: 30_000 }, 1_000);
  expect(allowance(destination, FREE, 30_999)).toBe(0);
  expect(allowance(destination, FREE, 31_000)).toBe(1);
  const sooner = end(destination, { kind: "failed", pauseMs: 1_000 }, 2_000);
  expect(nextAllowanceAt(sooner, FREE, 2_000)).toBe(31_000);
});

describe("a resumed destination", () => {
  test("can send immediately with the initial limit, which includes the attempts in flight", () => {
    let destination = endTimes(newDestination(FREE, 0), 40, { kind: "ok" });
    destination = beginAttempts(destination, FREE, { now: 0, attempts: 2 });
    destination = endAttempt(destination, FREE, {
      outcome: { kind: "failed", pauseMs: 60_000 },
      now: 1_000,
    });
    expect(allowance(destination, FREE, 2_000)).toBe(0);
    destination = resume(destination, 2_000);
    expect(destination.inFlight).toBe(1);
    expect(allowance(destination, FREE, 2_000)).toBe(1);
    expect(allowance(end(destination, { kind: "ok" }, 2_000), FREE, 2_000)).toBe(2);
  });

  test("can send one attempt when its circuit is open, and is paused longer when that fails", () => {
    const opened = endTimes(newDestination(FREE, 0), 5, FAILED, 1_000);
    const destination = resume(opened, 2_000);
    expect(allowance(destination, FREE, 2_000)).toBe(1);
    const again = end(destination, FAILED, 2_000);
    expect(nextAllowanceAt(again, FREE, 2_000)).toBe(12_000);
  });

  test("still respects its rate limit", () => {
    const policy = { maxConcurrency: 64, ratePerSecond: 2 };
    let destination = beginAttempts(newDestination(policy, 0), policy, { now: 0, attempts: 2 });
    for (const pauseMs of [60_000, 0]) {
      destination = endAttempt(destination, policy, {
        outcome: { kind: "failed", pauseMs },
        now: 0,
      });
    }
    expect(nextAllowanceAt(resume(destination, 0), policy, 0)).toBe(500);
  });

  test("does not change when it was not paused", () => {
    const destination = endTimes(newDestination(FREE, 0), 40, { kind: "ok" });
    expect(resume(destination, 1_000)).toBe(destination);
  });
});

const aRate = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(0.1, 0.5, 1.5, 24.9));

describe("the rate limit", () => {
  test("is respected in every span of time, under any schedule of attempts", () => {
    const schedule = fc.array(
      fc.record({ afterMs: fc.nat(5_000), wanted: fc.nat(200), ok: fc.boolean() }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(aRate, schedule, (ratePerSecond, rounds) => {
        const policy = { maxConcurrency: 1_000, ratePerSecond };
        let destination = newDestination(policy, 0);
        let now = 0;
        const sentAt: number[] = [];
        for (const { afterMs, wanted, ok } of rounds) {
          now += afterMs;
          const attempts = Math.min(wanted, allowance(destination, policy, now));
          destination = beginAttempts(destination, policy, { now, attempts });
          for (let i = 0; i < attempts; i += 1) {
            sentAt.push(now);
            destination = endAttempt(destination, policy, {
              outcome: ok ? { kind: "ok" } : FAILED,
              now,
            });
          }
        }
        // A full bucket and the tokens added since.
        const burst = Math.max(1, ratePerSecond);
        for (const [first, from] of sentAt.entries()) {
          for (let last = first; last < sentAt.length; last += 1) {
            const seconds = ((sentAt[last] ?? 0) - from) / 1000;
            expect(last - first + 1).toBeLessThanOrEqual(burst + seconds * ratePerSecond + 1e-6);
          }
        }
      }),
    );
  });

  test("is used in full by a destination that sends whenever it can", () => {
    fc.assert(
      fc.property(aRate, (ratePerSecond) => {
        const policy = { maxConcurrency: 1_000, ratePerSecond };
        let destination = newDestination(policy, 0);
        let sent = 0;
        let now = 0;
        while (now < 60_000) {
          const attempts = allowance(destination, policy, now);
          destination = beginAttempts(destination, policy, { now, attempts });
          for (let i = 0; i < attempts; i += 1) {
            destination = endAttempt(destination, policy, { outcome: { kind: "ok" }, now });
          }
          sent += attempts;
          now = nextAllowanceAt(destination, policy, now) ?? now;
        }
        // The wait for each token is rounded up to a whole millisecond.
        expect(sent).toBeGreaterThan((60 * ratePerSecond) / (1 + ratePerSecond / 1000) - 1);
      }),
    );
  });

  test("for Make stays below 300 attempts in any ten seconds", () => {
    const policy = { maxConcurrency: 64, ratePerSecond: 25 };
    let destination = newDestination(policy, 0);
    const sentAt: number[] = [];
    for (let now = 0; now < 60_000; now += 1) {
      const attempts = allowance(destination, policy, now);
      destination = beginAttempts(destination, policy, { now, attempts });
      for (let i = 0; i < attempts; i += 1) {
        sentAt.push(now);
        destination = endAttempt(destination, policy, { outcome: { kind: "ok" }, now });
      }
    }
    const most = Math.max(
      ...sentAt.map((from) => sentAt.filter((at) => at >= from && at < from + 10_000).length),
    );
    expect(most).toBeGreaterThan(250);
    expect(most).toBeLessThan(300);
  });
});

test("a destination is idle only when a new one would behave the same", () => {
  const policy = { maxConcurrency: 64, ratePerSecond: 10 };
  let destination = newDestination(policy, 0);
  expect(isIdle(destination, policy, 0)).toBe(true);
  destination = beginAttempts(destination, policy, { now: 0, attempts: 10 });
  expect(isIdle(destination, policy, 0)).toBe(false);
  for (let i = 0; i < 10; i += 1)
    destination = endAttempt(destination, policy, { outcome: { kind: "ok" }, now: 0 });
  // Its bucket is full after one second. Its concurrency limit stays valid for ten.
  expect(isIdle(destination, policy, 9_999)).toBe(false);
  expect(isIdle(destination, policy, 10_000)).toBe(true);
  expect(isIdle(end(newDestination(FREE, 0), FAILED), FREE, 1_000_000)).toBe(false);
});

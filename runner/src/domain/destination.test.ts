import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  afterAttempt,
  isOpen,
  takeTokens,
  type Bucket,
  type DestinationOutcome,
  type DestinationState,
} from "./destination.ts";

const HEALTHY: DestinationState = { failuresInRow: 0, pausedUntil: 0 };
const FULL: Bucket = { tokens: null, refilledAt: 0 };
const FAILED: DestinationOutcome = { kind: "failed", pauseMs: 0 };
const OK: DestinationOutcome = { kind: "ok" };

function end(
  state: DestinationState,
  outcome: DestinationOutcome,
  { times = 1, now = 0, isProbe = false } = {},
): DestinationState {
  return Array.from({ length: times }).reduce<DestinationState>(
    (each) => afterAttempt(each, outcome, { now, isProbe }),
    state,
  );
}

describe("the circuit", () => {
  const opened = end(HEALTHY, FAILED, { times: 5, now: 1_000 });

  test("opens after five failures in a row, and a success between them resets the count", () => {
    expect(isOpen(end(HEALTHY, FAILED, { times: 4 }))).toBe(false);
    expect(isOpen(opened)).toBe(true);
    const mixed = end(end(HEALTHY, FAILED, { times: 4 }), OK);
    expect(isOpen(end(mixed, FAILED, { times: 4 }))).toBe(false);
    expect(opened.pausedUntil).toBe(6_000);
  });

  test("stays open twice as long each time its probe fails, up to a minute", () => {
    const pauses: number[] = [];
    let state = opened;
    for (let probe = 0; probe < 6; probe += 1) {
      const now = state.pausedUntil;
      // The claim of a probe pauses the destination until the end of its lease.
      state = end({ ...state, pausedUntil: now + 360_000 }, FAILED, { now, isProbe: true });
      pauses.push(state.pausedUntil - now);
    }
    expect(pauses).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  test("closes when its probe succeeds, and the destination is due immediately", () => {
    const probing = { ...opened, pausedUntil: 366_000 };
    const closed = { failuresInRow: 0, pausedUntil: 6_000 };
    expect(end(probing, OK, { now: 6_000, isProbe: true })).toEqual(closed);
  });

  test("lets the next delivery probe when the probe says nothing about the endpoint", () => {
    const probing = { ...opened, pausedUntil: 366_000 };
    const again = { ...opened, pausedUntil: 6_100 };
    expect(end(probing, { kind: "neutral" }, { now: 6_100, isProbe: true })).toEqual(again);
    expect(end(probing, { kind: "neutral" }, { now: 6_100 })).toEqual(probing);
  });

  test("does not stay open longer when attempts fail that were in flight when it opened", () => {
    const later = end(opened, FAILED, { times: 59, now: 1_060 });
    expect(later).toEqual(opened);
    const probe = end(later, FAILED, { now: later.pausedUntil, isProbe: true });
    expect(probe.pausedUntil - later.pausedUntil).toBe(10_000);
  });

  test("is paused longer when an attempt fails that a person asked for", () => {
    const resumed = { ...opened, pausedUntil: 2_000 };
    expect(end(resumed, FAILED, { now: 2_000 }).pausedUntil).toBe(12_000);
  });
});

test("a Retry-After pauses a destination after a single failure, and a shorter one does not shorten it", () => {
  const paused = end(HEALTHY, { kind: "failed", pauseMs: 30_000 }, { now: 1_000 });
  expect(paused).toEqual({ failuresInRow: 1, pausedUntil: 31_000 });
  const sooner = end(paused, { kind: "failed", pauseMs: 1_000 }, { now: 2_000 });
  expect(sooner.pausedUntil).toBe(31_000);
  expect(end(paused, OK, { now: 3_000 })).toEqual({ failuresInRow: 0, pausedUntil: 31_000 });
});

const aRate = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(0.1, 0.5, 1.5, 24.9));

describe("the rate limit", () => {
  test("is respected in every span of time, under any schedule of attempts", () => {
    const schedule = fc.array(fc.record({ afterMs: fc.nat(5_000), wanted: fc.nat(200) }), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(aRate, schedule, (ratePerSecond, rounds) => {
        let bucket = FULL;
        let now = 0;
        const sentAt: number[] = [];
        for (const { afterMs, wanted } of rounds) {
          now += afterMs;
          const after = takeTokens(bucket, { ratePerSecond, now, wanted });
          bucket = after.bucket;
          for (let i = 0; i < after.taken; i += 1) sentAt.push(now);
        }
        // A full bucket and the tokens added since.
        const burst = Math.max(1, ratePerSecond);
        // Attempt number n of a span fits if n - rate × time is at most the burst, counted from its first.
        let mostExcess = 0;
        let leastBefore = Infinity;
        for (const [index, at] of sentAt.entries()) {
          const excess = index - (at / 1000) * ratePerSecond;
          leastBefore = Math.min(leastBefore, excess);
          mostExcess = Math.max(mostExcess, excess - leastBefore + 1);
        }
        expect(mostExcess).toBeLessThanOrEqual(burst + 1e-6);
      }),
    );
  });

  test("is used in full by a destination that sends whenever it can", () => {
    fc.assert(
      fc.property(aRate, (ratePerSecond) => {
        let bucket = FULL;
        let sent = 0;
        let now = 0;
        while (now < 60_000) {
          const after = takeTokens(bucket, { ratePerSecond, now, wanted: 1_000 });
          if (after.taken === 0 || after.nextAt <= now) expect.fail(`Nothing was taken at ${now}.`);
          bucket = after.bucket;
          sent += after.taken;
          now = after.nextAt;
        }
        // The wait for each token is rounded up to a whole millisecond.
        expect(sent).toBeGreaterThan((60 * ratePerSecond) / (1 + ratePerSecond / 1000) - 1);
      }),
    );
  });

  test("for Make stays below 300 attempts in any ten seconds", () => {
    let bucket = FULL;
    const sentAt: number[] = [];
    for (let now = 0; now < 60_000; now += 1) {
      const after = takeTokens(bucket, { ratePerSecond: 25, now, wanted: 64 });
      bucket = after.bucket;
      for (let i = 0; i < after.taken; i += 1) sentAt.push(now);
    }
    const most = Math.max(
      ...sentAt.map((from) => sentAt.filter((at) => at >= from && at < from + 10_000).length),
    );
    expect(most).toBeGreaterThan(250);
    expect(most).toBeLessThan(300);
  });

  test("keeps its tokens when the clock is set back, and is due now while one is left", () => {
    const { bucket, nextAt } = takeTokens(FULL, { ratePerSecond: 10, now: 5_000, wanted: 8 });
    expect(nextAt).toBe(5_000);
    const back = takeTokens(bucket, { ratePerSecond: 10, now: 1_000, wanted: 1 });
    expect([back.taken, back.nextAt]).toEqual([1, 1_000]);
    expect(takeTokens(back.bucket, { ratePerSecond: 10, now: 1_000, wanted: 9 })).toMatchObject({
      taken: 1,
      nextAt: 1_100,
    });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freeOfRate, leastRate, nextOfRate, parseRate, takeOfRate } from "./limit-rate.ts";

test("a rate is a number of steps in a second, a minute or an hour", () => {
  expect(parseRate("10/s")).toBe(100);
  expect(parseRate("100/m")).toBe(600);
  expect(parseRate("5/h")).toBe(720_000);
  for (const text of ["", "10", "0/s", "1.5/s", "10/d", "10 / s", "-1/s", "10001/s", "010/s"]) {
    expect(parseRate(text)).toBeNull();
  }
});

test("of several rates the slower counts, and the smaller burst", () => {
  const fast = { rate: "1/s", burst: 2 };
  expect(leastRate([fast, null, { rate: "10/m", burst: 5 }])).toEqual({ rate: "10/m", burst: 2 });
  expect(leastRate([null])).toBeNull();
});

describe("a rate of 10/s with a burst of 3", () => {
  const rate = { rate: "10/s", burst: 3 };

  test("lets three steps begin at once after a quiet time, and then one every 100 ms", () => {
    expect(freeOfRate(rate, 0, 1_000)).toBe(3);
    const arrival = takeOfRate(rate, 0, { now: 1_000, steps: 3 });
    expect(freeOfRate(rate, arrival, 1_099)).toBe(0);
    expect(nextOfRate(rate, arrival, 1_050)).toBe(1_100);
    expect(freeOfRate(rate, arrival, 1_100)).toBe(1);
    expect(freeOfRate(rate, arrival, 1_300)).toBe(3);
  });

  test("waits no longer than for one step when the clock was set back", () => {
    const arrival = takeOfRate(rate, 0, { now: 1_000_000, steps: 3 });
    expect(freeOfRate(rate, arrival, 1_000)).toBe(0);
    expect(nextOfRate(rate, arrival, 1_000)).toBe(1_100);
  });
});

test("in any time no more steps begin than the burst and the rate allow, and none waits too long", () => {
  const rates = fc.record({
    rate: fc.constantFrom("3/s", "7/m", "1000/s", "11/h"),
    burst: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(rates, fc.array(fc.nat(2_000), { minLength: 5, maxLength: 60 }), (rate, waits) => {
      const each = parseRate(rate.rate)!;
      const begun: number[] = [];
      let arrival = 0;
      let now = 1_700_000_000_000;
      for (const wait of waits) {
        now += wait;
        if (freeOfRate(rate, arrival, now) <= 0) now = nextOfRate(rate, arrival, now);
        expect(freeOfRate(rate, arrival, now)).toBeGreaterThan(0);
        arrival = takeOfRate(rate, arrival, { now, steps: 1 });
        begun.push(now);
      }
      for (let at = rate.burst; at < begun.length; at += 1) {
        expect(begun[at]! - begun[at - rate.burst]!).toBeGreaterThanOrEqual(each - 1);
      }
    }),
  );
});

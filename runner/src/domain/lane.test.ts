import { expect, test } from "vitest";
import { allowance, begun, isIdle, newLane, nextAllowanceAt } from "./lane.ts";

test.each([0.1, 0.5, 1, 2, 25])("a lane of %d attempts a second keeps to it", (ratePerSecond) => {
  const policy = { maxWindow: 1_000, ratePerSecond };
  const seconds = 60;
  let lane = newLane(policy, 0);
  let attempts = 0;
  for (let now = 0; now < seconds * 1_000;) {
    const allowed = allowance({ ...lane, window: 1_000, inFlight: 0 }, policy, now);
    lane = begun(lane, policy, { now, attempts: allowed });
    attempts += allowed;
    const next = nextAllowanceAt(lane, policy, now);
    if (next === null) throw new Error("A lane without a token must tell when there is one.");
    expect(next).toBeGreaterThan(now);
    now = next;
  }
  // The first burst, and what is refilled afterwards.
  const burst = Math.max(1, ratePerSecond);
  expect(attempts).toBeGreaterThanOrEqual(Math.floor(seconds * ratePerSecond));
  expect(attempts).toBeLessThanOrEqual(burst + Math.ceil(seconds * ratePerSecond));
});

test("a lane whose bucket is full again can be forgotten", () => {
  const policy = { maxWindow: 8, ratePerSecond: 0.5 };
  const used = { ...begun(newLane(policy, 0), policy, { now: 0, attempts: 1 }), inFlight: 0 };
  expect(isIdle(used, policy, 1_999)).toBe(false);
  expect(isIdle(used, policy, 2_000)).toBe(true);
});

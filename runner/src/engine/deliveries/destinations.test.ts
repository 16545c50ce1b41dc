import { describe, expect, test } from "vitest";
import type { LaneOutcome } from "../../domain/destination.ts";
import { createLanes, type Lanes } from "./destinations.ts";

const OK: LaneOutcome = { kind: "ok" };
const FAILED: LaneOutcome = { kind: "failed", holdMs: 0 };

const lane = (id: number, ratePerSecond: number | null = null) => ({
  id,
  key: `https://${id}.test`,
  ratePerSecond,
});

function lanesOf(over: { maxWindow?: number; maxInFlight?: number } = {}): Lanes {
  return createLanes({ maxWindow: 64, maxInFlight: 256, ...over });
}

/** Begins what the lane is given, and ends it so. */
function attempt(lanes: Lanes, id: number, outcome: LaneOutcome, now = 0): number {
  for (const { limit } of lanes.share([lane(id)], { room: 1, now })) lanes.begun(id, limit, now);
  return lanes.ended(id, outcome, now);
}

function fail(lanes: Lanes, id: number, times: number, now = 0): void {
  for (let i = 0; i < times; i += 1) attempt(lanes, id, FAILED, now);
}

describe("the room", () => {
  test("is shared out evenly, and no lane gets more than its window", () => {
    const lanes = lanesOf();
    expect(lanes.share([lane(1), lane(2)], { room: 2, now: 0 })).toEqual([
      { id: 1, limit: 1 },
      { id: 2, limit: 1 },
    ]);
    expect(lanes.share([lane(1)], { room: 256, now: 0 })).toEqual([{ id: 1, limit: 2 }]);
  });

  test("goes to those that come first when there is not enough for all", () => {
    const lanes = lanesOf();
    const due = [lane(3), lane(1), lane(2)];
    expect(lanes.share(due, { room: 2, now: 0 }).map(({ id }) => id)).toEqual([3, 1]);
  });

  test("is at most half for lanes that fail, so that many dead endpoints leave the rest to others", () => {
    const lanes = lanesOf({ maxInFlight: 8 });
    for (let id = 1; id <= 20; id += 1) attempt(lanes, id, FAILED);
    const dead = Array.from({ length: 20 }, (_, i) => lane(i + 1));
    const shares = lanes.share(dead, { room: 8, now: 0 });
    expect(shares).toHaveLength(4);
    for (const { id, limit } of shares) lanes.begun(id, limit, 0);
    // The others are left out of the next look, or they would hide those that may send.
    expect(lanes.full(0)).toHaveLength(20);
    expect(lanes.share([...dead, lane(99)], { room: 4, now: 0 })).toEqual([{ id: 99, limit: 1 }]);
    lanes.ended(shares[0]?.id ?? 0, FAILED, 0);
    expect(lanes.full(0).length).toBeLessThan(20);
  });

  test("is never nothing for lanes that fail, however few attempts may be under way", () => {
    const lanes = lanesOf({ maxInFlight: 1 });
    attempt(lanes, 1, FAILED);
    expect(lanes.share([lane(1)], { room: 1, now: 0 })).toEqual([{ id: 1, limit: 1 }]);
  });
});

describe("a lane that is full", () => {
  test("is left out of the next look until an attempt ends", () => {
    const lanes = lanesOf({ maxWindow: 1 });
    lanes.share([lane(1)], { room: 8, now: 0 });
    lanes.begun(1, 1, 0);
    expect(lanes.full(0)).toEqual([1]);
    expect(lanes.nextAllowanceAt(0)).toBeNull();
    lanes.ended(1, OK, 0);
    expect(lanes.full(0)).toEqual([]);
  });

  test("by its rate tells when it may send again", () => {
    const lanes = lanesOf();
    lanes.share([lane(1, 2)], { room: 8, now: 0 });
    lanes.begun(1, 2, 0);
    lanes.ended(1, OK, 0);
    lanes.ended(1, OK, 0);
    expect(lanes.full(0)).toEqual([1]);
    expect(lanes.nextAllowanceAt(0)).toBe(500);
    expect(lanes.full(500)).toEqual([]);
  });
});

describe("a lane that is held", () => {
  test("tells for how long, and is not watched here while the store keeps it", () => {
    const lanes = lanesOf();
    fail(lanes, 1, 4);
    expect(attempt(lanes, 1, FAILED)).toBe(5_000);
    expect(lanes.open()).toBe(1);
    expect(lanes.full(0)).toEqual([]);
  });

  test("recalls what was begun before, and what was claimed meanwhile", () => {
    const lanes = lanesOf();
    attempt(lanes, 1, OK);
    const before = lanes.recall(1, 0);
    fail(lanes, 1, 4);
    expect(before.aborted).toBe(false);
    fail(lanes, 1, 1);
    expect(before.aborted).toBe(true);
    expect(lanes.recall(1, 4_999).aborted).toBe(true);
    expect(lanes.recall(1, 5_000).aborted).toBe(false);
  });

  test("is watched here when it looks due all the same, as after a clock was set", () => {
    const lanes = lanesOf();
    fail(lanes, 1, 5);
    expect(lanes.share([lane(1)], { room: 8, now: 1_000 })).toEqual([]);
    expect(lanes.full(1_000)).toEqual([1]);
    expect(lanes.nextAllowanceAt(1_000)).toBe(5_000);
    expect(lanes.full(5_000)).toEqual([]);
    expect(lanes.share([lane(1)], { room: 8, now: 5_000 })).toEqual([{ id: 1, limit: 1 }]);
  });
});

test("a window is kept while its lane is quiet for a moment, and begins anew after a longer rest", () => {
  const lanes = lanesOf();
  for (let n = 0; n < 5; n += 1) attempt(lanes, 1, OK, n);
  expect(lanes.share([lane(1)], { room: 256, now: 5_000 })).toEqual([{ id: 1, limit: 7 }]);
  expect(lanes.share([lane(1)], { room: 256, now: 20_000 })).toEqual([{ id: 1, limit: 2 }]);
});

test("a rate that was changed holds at once, and what is in flight still counts", () => {
  const lanes = lanesOf({ maxWindow: 2 });
  lanes.share([lane(1)], { room: 8, now: 0 });
  lanes.begun(1, 1, 0);
  // No tokens were kept while there was no rate.
  expect(lanes.share([lane(1, 10)], { room: 8, now: 0 })).toEqual([]);
  expect(lanes.share([lane(1, 10)], { room: 8, now: 1_000 })).toEqual([{ id: 1, limit: 1 }]);
});

test("failing endpoints that are never seen again are forgotten in the end", () => {
  const lanes = lanesOf();
  fail(lanes, 1, 5);
  for (let id = 2; id <= 10_100; id += 1) attempt(lanes, id, FAILED);
  expect(lanes.open()).toBe(0);
});

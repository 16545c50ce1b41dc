import { describe, expect, test } from "vitest";
import type { DestinationOutcome } from "../../domain/destination.ts";
import { createDestinations, type Destinations } from "./destinations.ts";

const OK: DestinationOutcome = { kind: "ok" };
const FAILED: DestinationOutcome = { kind: "failed", pauseMs: 0 };

const destination = (id: number, ratePerSecond: number | null = null) => ({
  id,
  key: `https://${id}.test`,
  ratePerSecond,
});

function destinationsOf(
  over: { maxConcurrency?: number; maxInFlight?: number } = {},
): Destinations {
  return createDestinations({ maxConcurrency: 64, maxInFlight: 256, ...over });
}

/** Makes one attempt with this outcome. */
function attempt(
  destinations: Destinations,
  id: number,
  outcome: DestinationOutcome,
  now = 0,
): number {
  for (const { limit } of destinations.shareRoom([destination(id)], { room: 1, now }))
    destinations.begin(id, limit, now);
  return destinations.end(id, outcome, now);
}

function fail(destinations: Destinations, id: number, times: number, now = 0): void {
  for (let i = 0; i < times; i += 1) attempt(destinations, id, FAILED, now);
}

describe("shareRoom", () => {
  test("gives equal shares, and no destination more than its concurrency limit", () => {
    const destinations = destinationsOf();
    expect(destinations.shareRoom([destination(1), destination(2)], { room: 2, now: 0 })).toEqual([
      { id: 1, limit: 1 },
      { id: 2, limit: 1 },
    ]);
    expect(destinations.shareRoom([destination(1)], { room: 256, now: 0 })).toEqual([
      { id: 1, limit: 2 },
    ]);
  });

  test("serves the first destinations when there is not enough room for all", () => {
    const destinations = destinationsOf();
    const due = [destination(3), destination(1), destination(2)];
    expect(destinations.shareRoom(due, { room: 2, now: 0 }).map(({ id }) => id)).toEqual([3, 1]);
  });

  test("gives failing destinations at most half of the attempts, so that dead endpoints leave the rest to others", () => {
    const destinations = destinationsOf({ maxInFlight: 8 });
    for (let id = 1; id <= 20; id += 1) attempt(destinations, id, FAILED);
    const dead = Array.from({ length: 20 }, (_, i) => destination(i + 1));
    const shares = destinations.shareRoom(dead, { room: 8, now: 0 });
    expect(shares).toHaveLength(4);
    for (const { id, limit } of shares) destinations.begin(id, limit, 0);
    // The next read leaves all of them out. Otherwise they would hide the destinations that can send.
    expect(destinations.blocked(0)).toHaveLength(20);
    expect(destinations.shareRoom([...dead, destination(99)], { room: 4, now: 0 })).toEqual([
      { id: 99, limit: 1 },
    ]);
    destinations.end(shares[0]?.id ?? 0, FAILED, 0);
    expect(destinations.blocked(0).length).toBeLessThan(20);
  });

  test("gives a failing destination an attempt even if only one can be in flight", () => {
    const destinations = destinationsOf({ maxInFlight: 1 });
    attempt(destinations, 1, FAILED);
    expect(destinations.shareRoom([destination(1)], { room: 1, now: 0 })).toEqual([
      { id: 1, limit: 1 },
    ]);
  });
});

describe("a blocked destination", () => {
  test("is reported as blocked until an attempt ends", () => {
    const destinations = destinationsOf({ maxConcurrency: 1 });
    destinations.shareRoom([destination(1)], { room: 8, now: 0 });
    destinations.begin(1, 1, 0);
    expect(destinations.blocked(0)).toEqual([1]);
    expect(destinations.nextAllowanceAt(0)).toBeNull();
    destinations.end(1, OK, 0);
    expect(destinations.blocked(0)).toEqual([]);
  });

  test("with a rate limit says when it can send again", () => {
    const destinations = destinationsOf();
    destinations.shareRoom([destination(1, 2)], { room: 8, now: 0 });
    destinations.begin(1, 2, 0);
    destinations.end(1, OK, 0);
    destinations.end(1, OK, 0);
    expect(destinations.blocked(0)).toEqual([1]);
    expect(destinations.nextAllowanceAt(0)).toBe(500);
    expect(destinations.blocked(500)).toEqual([]);
  });
});

describe("a paused destination", () => {
  test("reports the length of its pause, and is not blocked here because the store leaves it out", () => {
    const destinations = destinationsOf();
    fail(destinations, 1, 4);
    expect(attempt(destinations, 1, FAILED)).toBe(5_000);
    expect(destinations.countOpen()).toBe(1);
    expect(destinations.blocked(0)).toEqual([]);
  });

  test("aborts the attempts that began before the pause and those that begin during it", () => {
    const destinations = destinationsOf();
    attempt(destinations, 1, OK);
    const before = destinations.pauseSignal(1, 0);
    fail(destinations, 1, 4);
    expect(before.aborted).toBe(false);
    fail(destinations, 1, 1);
    expect(before.aborted).toBe(true);
    expect(destinations.pauseSignal(1, 4_999).aborted).toBe(true);
    expect(destinations.pauseSignal(1, 5_000).aborted).toBe(false);
  });

  test("is blocked if the store still returns it, for example after the clock was set", () => {
    const destinations = destinationsOf();
    fail(destinations, 1, 5);
    expect(destinations.shareRoom([destination(1)], { room: 8, now: 1_000 })).toEqual([]);
    expect(destinations.blocked(1_000)).toEqual([1]);
    expect(destinations.nextAllowanceAt(1_000)).toBe(5_000);
    expect(destinations.blocked(5_000)).toEqual([]);
    expect(destinations.shareRoom([destination(1)], { room: 8, now: 5_000 })).toEqual([
      { id: 1, limit: 1 },
    ]);
  });
});

test("a concurrency limit survives five quiet seconds and is reset after twenty", () => {
  const destinations = destinationsOf();
  for (let n = 0; n < 5; n += 1) attempt(destinations, 1, OK, n);
  expect(destinations.shareRoom([destination(1)], { room: 256, now: 5_000 })).toEqual([
    { id: 1, limit: 7 },
  ]);
  expect(destinations.shareRoom([destination(1)], { room: 256, now: 20_000 })).toEqual([
    { id: 1, limit: 2 },
  ]);
});

test("a changed rate limit applies immediately, and the attempts in flight still count", () => {
  const destinations = destinationsOf({ maxConcurrency: 2 });
  destinations.shareRoom([destination(1)], { room: 8, now: 0 });
  destinations.begin(1, 1, 0);
  // Without a rate limit no tokens are counted.
  expect(destinations.shareRoom([destination(1, 10)], { room: 8, now: 0 })).toEqual([]);
  expect(destinations.shareRoom([destination(1, 10)], { room: 8, now: 1_000 })).toEqual([
    { id: 1, limit: 1 },
  ]);
});

test("failing destinations that are never due again are forgotten in the end", () => {
  const destinations = destinationsOf();
  fail(destinations, 1, 5);
  for (let id = 2; id <= 10_100; id += 1) attempt(destinations, id, FAILED);
  expect(destinations.countOpen()).toBe(0);
});

import { describe, expect, test } from "vitest";
import type { DestinationOutcome } from "../../domain/destination.ts";
import { createDestinations, type Destinations } from "./destinations.ts";

const OK: DestinationOutcome = { kind: "ok" };
const FAILED: DestinationOutcome = { kind: "failed", pauseMs: 0 };

const destination = (id: number, failuresInRow = 0) => ({
  id,
  key: `https://${id}.test`,
  ratePerSecond: null,
  failuresInRow,
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
): void {
  if (destinations.shareRoom([destination(id)], { room: 1, now }).length > 0)
    destinations.begin(id);
  destinations.end(id, outcome, now);
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

  test("gives a destination with an open circuit one attempt at a time", () => {
    const destinations = destinationsOf();
    const due = [destination(1, 5)];
    expect(destinations.shareRoom(due, { room: 256, now: 0 })).toEqual([{ id: 1, limit: 1 }]);
    destinations.begin(1);
    expect(destinations.shareRoom(due, { room: 256, now: 0 })).toEqual([]);
    expect(destinations.countOpen()).toBe(1);
  });

  test("gives failing destinations at most half of the attempts, so that dead endpoints leave the rest to others", () => {
    const destinations = destinationsOf({ maxInFlight: 8 });
    const dead = Array.from({ length: 20 }, (_, i) => destination(i + 1, 1));
    const shares = destinations.shareRoom(dead, { room: 8, now: 0 });
    expect(shares).toHaveLength(4);
    for (const { id } of shares) destinations.begin(id);
    // The next read leaves all of them out. Otherwise they would hide the destinations that can send.
    expect(destinations.blocked()).toHaveLength(20);
    expect(destinations.shareRoom([...dead, destination(99)], { room: 4, now: 0 })).toEqual([
      { id: 99, limit: 1 },
    ]);
    destinations.end(shares[0]?.id ?? 0, FAILED, 0);
    expect(destinations.blocked().length).toBeLessThan(20);
  });

  test("gives a failing destination an attempt even if only one can be in flight", () => {
    const destinations = destinationsOf({ maxInFlight: 1 });
    expect(destinations.shareRoom([destination(1, 1)], { room: 1, now: 0 })).toEqual([
      { id: 1, limit: 1 },
    ]);
  });
});

test("a destination is blocked until an attempt ends", () => {
  const destinations = destinationsOf({ maxConcurrency: 1 });
  destinations.shareRoom([destination(1)], { room: 8, now: 0 });
  destinations.begin(1);
  expect(destinations.blocked()).toEqual([1]);
  destinations.end(1, OK, 0);
  expect(destinations.blocked()).toEqual([]);
});

describe("a pause", () => {
  test("aborts the attempts that began before it, and none that begin later", () => {
    const destinations = destinationsOf();
    attempt(destinations, 1, OK);
    const before = destinations.pauseSignal(1);
    destinations.changed(1, { failuresInRow: 4, isPaused: false });
    expect(before.aborted).toBe(false);
    destinations.changed(1, { failuresInRow: 5, isPaused: true });
    expect(before.aborted).toBe(true);
    expect(destinations.pauseSignal(1).aborted).toBe(false);
  });

  test("that a person ended leaves the initial concurrency limit", () => {
    const destinations = destinationsOf();
    for (let n = 0; n < 20; n += 1) attempt(destinations, 1, OK);
    destinations.resume(1);
    expect(destinations.shareRoom([destination(1)], { room: 256, now: 0 })).toEqual([
      { id: 1, limit: 2 },
    ]);
  });
});

test("a concurrency limit survives five quiet seconds and is reset after twenty, unless the destination fails", () => {
  const destinations = destinationsOf();
  const limits = (failuresInRow: number, now: number) =>
    destinations.shareRoom([destination(1, failuresInRow)], { room: 256, now });
  for (let n = 0; n < 5; n += 1) attempt(destinations, 1, OK, n);
  expect(limits(0, 5_000)).toEqual([{ id: 1, limit: 7 }]);
  expect(limits(1, 20_000)).toEqual([{ id: 1, limit: 7 }]);
  expect(limits(0, 20_000)).toEqual([{ id: 1, limit: 2 }]);
});

test("destinations that are never due again are forgotten in the end", () => {
  const destinations = destinationsOf();
  destinations.shareRoom([destination(1, 5)], { room: 8, now: 0 });
  for (let id = 2; id <= 10_100; id += 1) attempt(destinations, id, FAILED);
  expect(destinations.countOpen()).toBe(0);
});

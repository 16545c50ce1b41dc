import { expect, test } from "vitest";
import { holdOf, type DestinationHealth } from "./hold.ts";

const HEALTHY: DestinationHealth = {
  failuresInRow: 0,
  pausedUntil: 0,
  heldSince: null,
  stoppedSince: null,
  lastError: null,
};

test("a destination that works is not held, nor is one that fails now and then", () => {
  expect(holdOf(HEALTHY, 10)).toBeNull();
  expect(holdOf({ ...HEALTHY, failuresInRow: 4, lastError: "status 500" }, 10)).toBeNull();
});

test("an open circuit holds until its next probe, and says what failed", () => {
  const open = {
    ...HEALTHY,
    failuresInRow: 6,
    heldSince: 5,
    pausedUntil: 60,
    lastError: "status 502",
  };
  const hold = { kind: "circuit", since: 5, until: 60 };
  expect(holdOf(open, 10)).toMatchObject(hold);
  expect(holdOf(open, 100)).toMatchObject(hold);
  expect(holdOf(open, 10)?.detail).toContain("The last 6 attempts");
  expect(holdOf(open, 10)?.detail).toContain("status 502");
});

test("a Retry-After holds until it has passed", () => {
  const paused = { ...HEALTHY, failuresInRow: 1, heldSince: 5, pausedUntil: 60 };
  expect(holdOf(paused, 59)).toMatchObject({ kind: "pause", since: 5, until: 60 });
  expect(holdOf(paused, 60)).toBeNull();
});

test("a paused webhook holds until a person makes it active", () => {
  const stopped = { ...HEALTHY, failuresInRow: 9, heldSince: 5, stoppedSince: 7 };
  expect(holdOf(stopped, 10)).toMatchObject({ kind: "webhook", since: 7, until: null });
});

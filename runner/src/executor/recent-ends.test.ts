import { beforeEach, expect, test } from "vitest";
import { createRecentEnds, type RecentEnds } from "./recent-ends.ts";

const HOUR_MS = 60 * 60_000;

let now: number;
let ends: RecentEnds;
beforeEach(() => {
  now = 0;
  ends = createRecentEnds(() => now);
});

test("an executor that ended is listed for an hour", () => {
  ends.onEnd({ pid: 1, how: "SIGSEGV", interruptedSteps: 2 });
  expect(ends.list()).toMatchObject([
    { at: 0, why: "crash", detail: "SIGSEGV", interruptedSteps: 2 },
  ]);
  now = HOUR_MS;
  expect(ends.list()).toEqual([]);
});

test("an executor that was replaced for its memory is listed once, also if it was killed at last", () => {
  ends.onDrain({ pid: 1, reason: "memory", usedMb: 612 });
  expect(ends.list()).toMatchObject([{ why: "memory", detail: "612 MiB", interruptedSteps: 0 }]);
  now = 30_000;
  ends.onEnd({ pid: 1, how: "SIGKILL", interruptedSteps: 1 });
  expect(ends.list()).toMatchObject([
    { at: 0, why: "memory", detail: "612 MiB", interruptedSteps: 1 },
  ]);
});

test("an executor that was replaced because a thread did not end is listed when it ended", () => {
  ends.onDrain({ pid: 1, reason: "native-work", usedMb: 100 });
  expect(ends.list()).toEqual([]);
});

test("an executor that ends at every start does not fill the memory", () => {
  for (let pid = 0; pid < 5_000; pid += 1) ends.onEnd({ pid, how: "1", interruptedSteps: 0 });
  expect(ends.list()).toHaveLength(1_000);
});

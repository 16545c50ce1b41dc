import { expect, test } from "vitest";
import { axisOf, formatOffset, nameAttempt, placeOf, tellTimeline } from "./timeline.ts";
import type { JobStory } from "./job-story.ts";

const START = Date.parse("2026-11-29T12:00:00.000Z");
const at = (ms: number): string => new Date(START + ms).toISOString();

interface Given {
  readonly startedAt?: number | null;
  readonly endedAt?: number | null;
  readonly runAt?: number;
  readonly steps?: readonly object[];
  readonly events?: readonly object[];
  readonly deliveries?: readonly object[];
}

function story(given: Given): JobStory {
  const instant = (ms: number | null | undefined): string | null => (ms == null ? null : at(ms));
  return {
    job: {
      createdAt: at(0),
      runAt: at(given.runAt ?? 0),
      startedAt: instant(given.startedAt),
      endedAt: instant(given.endedAt),
      steps: given.steps ?? [],
    },
    raw: { input: "null", metadata: "{}", outputs: [] },
    events: given.events ?? [],
    deliveries: given.deliveries ?? [],
    hasMoreEvents: false,
  } as unknown as JobStory;
}

const step = (status: string, from: number | null, to: number | null): object => ({
  plugin: "quick",
  status,
  startedAt: from === null ? null : at(from),
  endedAt: to === null ? null : at(to),
  failedAttempts: [],
});
const event = (status: string, sequence: number, ms: number): object => ({
  status,
  sequence,
  timestamp: at(ms),
});

test("what happens in one millisecond is told in its order", () => {
  const told = tellTimeline(
    story({
      startedAt: 5,
      endedAt: 20,
      steps: [step("completed", 5, 10), step("completed", 10, 20)],
      events: [
        event("started", 1, 5),
        event("progress", 2, 10),
        event("progress", 3, 20),
        event("completed", 4, 20),
      ],
    }),
    START + 20,
  );
  expect(told.map(({ key }) => key)).toEqual([
    "accepted",
    "event 1",
    "step 0",
    "event 2",
    "step 1",
    "event 3",
    "event 4",
  ]);
});

test("a running step lasts from the end of the one before it until now", () => {
  const told = tellTimeline(
    story({
      startedAt: 5,
      steps: [step("completed", 5, 10), step("running", null, null), step("pending", null, null)],
    }),
    START + 1_000,
  );
  expect(told.at(-1)).toMatchObject({ span: { from: START + 10, to: START + 1_000 } });
  expect(told).toHaveLength(3);
});

test("the axis leaves out a long wait in the queue and retries long after the end", () => {
  const given = story({
    startedAt: 60_000,
    endedAt: 61_000,
    events: [event("completed", 1, 61_000)],
    deliveries: [{ sequence: 1, attempts: [{ at: at(3_600_000), durationMs: 20 }] }],
  });
  const axis = axisOf(tellTimeline(given, START + 61_000), given, START + 61_000);
  expect(axis.from).toBe(START + 59_950);
  expect(axis.to).toBe(START + 61_000 + 0.6 * 1_050);
  expect(placeOf({ from: START + 3_600_000, to: START + 3_600_020 }, axis)).toEqual({
    left: 98.5,
    width: 1.5,
  });
});

test.each([
  [18, "18 ms"],
  [3_940, "3.94 s"],
  [125_000, "2:05"],
  [3_725_000, "1:02:05"],
])("%i ms after the start is written as %s", (ms, text) => {
  expect(formatOffset(ms)).toBe(text);
});

test("a step that runs again after a retry is told after the event of its failure", () => {
  const told = tellTimeline(
    story({
      startedAt: 5,
      steps: [step("running", null, null)],
      events: [event("started", 1, 5), event("failed", 2, 400)],
    }),
    START + 900,
  );
  expect(told.map(({ key }) => key)).toEqual(["accepted", "event 1", "event 2", "step 0"]);
});

test("attempts that failed come before the step, which runs from when the next one was due", () => {
  const failed = (from: number, to: number) => ({
    attempt: 1,
    startedAt: at(from),
    endedAt: at(to),
    error: "Not yet.",
    errorCode: "PLUGIN_THREW",
  });
  const told = tellTimeline(
    story({
      startedAt: 5,
      runAt: 200,
      steps: [{ ...step("running", null, null), failedAttempts: [failed(5, 10), failed(60, 80)] }],
    }),
    START + 300,
  );
  expect(told.map(({ key, at: when }) => [key, when - START])).toEqual([
    ["accepted", 0],
    ["attempt 0 1", 5],
    ["attempt 0 2", 60],
    ["step 0", 200],
  ]);
});

test("an attempt is named with how many there can be, if the job says so", () => {
  const retry = { attempts: 3 } as JobStory["job"]["retry"];
  expect(nameAttempt({ attempt: 2 }, { retry })).toBe("attempt 2 of 3");
  expect(nameAttempt({ attempt: 2 }, { retry: null })).toBe("attempt 2");
});

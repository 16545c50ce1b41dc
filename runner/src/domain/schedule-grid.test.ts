import { describe, expect, test } from "vitest";
import { jitterOf, minGapMs, newestSlot, nextSlot, slotsAfter } from "./schedule-grid.ts";
import type { SlotSource } from "./schedule-grid.ts";
import { parseTimezone } from "./schedule-check.ts";

function cron(text: string, timezone: string, fields: Partial<SlotSource> = {}): SlotSource {
  const timing = { kind: "cron", cron: text } as const;
  return { timing, timezone, startAt: null, endAt: null, jitterMs: 0, ...fields };
}

function every(everyMs: number, fields: Partial<SlotSource> = {}): SlotSource {
  return { ...cron("", "UTC", fields), timing: { kind: "every", everyMs } };
}

function slots(definition: SlotSource, after: string, count: number): string[] {
  const from = Date.parse(after);
  return slotsAfter({ id: "sch_1", definition }, from, count).map(({ slot }) =>
    new Date(slot).toISOString().replace(/:00\.000Z$/, "Z"),
  );
}

/** Days on which clocks are set. A slot in the gap comes at its end; one in the hour that comes twice, once. */
const DST: readonly [string, string, string, string, readonly string[]][] = [
  [
    "02:30 on the day without it",
    "30 2 * * *",
    "Europe/Berlin",
    "2026-03-28T12:00:00Z",
    ["2026-03-29T01:00Z", "2026-03-30T00:30Z"],
  ],
  [
    "a list of hours in the gap",
    "30 2,14 * * *",
    "Europe/Berlin",
    "2026-03-28T14:00:00Z",
    ["2026-03-29T01:00Z", "2026-03-29T12:30Z", "2026-03-30T00:30Z"],
  ],
  [
    "02:30 on the day with two",
    "30 2 * * *",
    "Europe/Berlin",
    "2026-10-24T12:00:00Z",
    ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
  ],
  [
    "each half hour through the gap",
    "*/30 * * * *",
    "Europe/Berlin",
    "2026-03-29T00:15:00Z",
    ["2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z"],
  ],
  [
    "each half hour through both hours",
    "*/30 * * * *",
    "Europe/Berlin",
    "2026-10-24T23:45:00Z",
    [
      "2026-10-25T00:00Z",
      "2026-10-25T00:30Z",
      "2026-10-25T01:00Z",
      "2026-10-25T01:30Z",
      "2026-10-25T02:00Z",
    ],
  ],
  [
    "each hour through both hours",
    "0 * * * *",
    "Europe/Berlin",
    "2026-10-24T23:30:00Z",
    ["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"],
  ],
  [
    "midnight where midnight is missing",
    "0 0 * * *",
    "America/Santiago",
    "2026-09-05T12:00:00Z",
    ["2026-09-06T04:00Z", "2026-09-07T03:00Z"],
  ],
  [
    "midnight where the hour before comes twice",
    "0 0 * * *",
    "America/Santiago",
    "2026-04-04T12:00:00Z",
    ["2026-04-05T04:00Z", "2026-04-06T04:00Z"],
  ],
  [
    "a gap of half an hour",
    "15 2 * * *",
    "Australia/Lord_Howe",
    "2026-10-02T20:00:00Z",
    ["2026-10-03T15:30Z", "2026-10-04T15:15Z"],
  ],
  [
    "a zone without summer time",
    "30 2 * * *",
    "UTC",
    "2026-03-28T12:00:00Z",
    ["2026-03-29T02:30Z", "2026-03-30T02:30Z"],
  ],
];

describe("when the clocks change", () => {
  test.each(DST)("%s", (_name, text, timezone, after, expected) => {
    expect(slots(cron(text, timezone), after, expected.length)).toEqual(expected);
  });
});

describe("the grid", () => {
  test("of `every` is counted from startAt, or from 1970", () => {
    const at = "2026-11-23T09:30:10Z";
    expect(slots(every(60_000), at, 2)).toEqual(["2026-11-23T09:31Z", "2026-11-23T09:32Z"]);
    const startAt = Date.parse("2026-11-23T09:30:20.000Z");
    expect(nextSlot(every(60_000, { startAt }), Date.parse(at))).toBe(startAt);
    expect(nextSlot(every(60_000, { startAt }), startAt)).toBe(startAt + 60_000);
  });

  test("ends at endAt, and `at` has one slot", () => {
    expect(slots(every(10, { endAt: 30 }), "1970-01-01T00:00:00Z", 9)).toHaveLength(3);
    const once = { ...every(1), timing: { kind: "at", at: 50 } } as const;
    expect([nextSlot(once, 49), nextSlot(once, 50)]).toEqual([50, null]);
    expect(nextSlot({ ...once, startAt: 51 }, 0)).toBeNull();
  });

  test("has a newest slot, found without a walk through the others", () => {
    const definition = cron("0 9 * * 1-5", "Europe/Berlin");
    const from = nextSlot(definition, Date.parse("2016-01-01T00:00:00Z")) ?? 0;
    const until = Date.parse("2026-11-23T08:00:00Z");
    expect(newestSlot(definition, { from, until })).toBe(until);
    expect(newestSlot(definition, { from, until: until - 1 })).toBe(until - 3 * 86_400_000);
    expect(newestSlot(definition, { from, until: from })).toBe(from);
  });

  test("has a least gap, unless it has one slot", () => {
    const now = Date.parse("2026-11-23T09:30:00Z");
    expect(minGapMs(cron("0,10 9 * * *", "UTC"), now)).toBe(600_000);
    expect(minGapMs(every(5_000), now)).toBe(5_000);
    expect(minGapMs(cron("0 9 * * *", "UTC", { endAt: now + 86_400_000 }), now)).toBeNull();
  });

  test("is spread by a jitter that is stable, and different for each schedule", () => {
    const all = Array.from({ length: 200 }, (_, at) => jitterOf("sch_1", at * 60_000, 1_000));
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...all)).toBeLessThanOrEqual(1_000);
    expect(new Set(all).size).toBeGreaterThan(150);
    expect(all).toEqual(all.map((_, at) => jitterOf("sch_1", at * 60_000, 1_000)));
    expect(jitterOf("sch_2", 0, 1_000)).not.toBe(all[0]);
  });
});

test("a time zone is a name of IANA, in its letters, and not an offset", () => {
  expect(parseTimezone("europe/berlin")).toEqual({ timezone: "Europe/Berlin" });
  expect(parseTimezone("CET")).toEqual({ timezone: "CET" });
  for (const given of ["+02:00", "", "x".repeat(5_000), "Mars/Base"]) {
    expect(parseTimezone(given)).toHaveProperty("problem");
  }
});

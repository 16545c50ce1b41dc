import { expect, test } from "vitest";
import { parseTime, toDuration, toSize, toTime } from "./amounts.ts";

const NOW = Date.parse("2026-11-29T12:00:00.000Z");
const SECOND = 1000;
const HOUR = 3600 * SECOND;

test.each([
  [0, "0 ms"],
  [84.4, "84 ms"],
  [999, "999 ms"],
  [1_299, "1.2 s"],
  [9_999, "9.9 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [184_000, "3 min 4 s"],
  [2 * HOUR + 5 * 60 * SECOND, "2 h 5 min"],
  [49 * HOUR, "2 d 1 h"],
])("%i ms are %s", (ms, text) => {
  expect(toDuration(ms)).toBe(text);
});

test.each([
  [-500, "now"],
  [-12 * SECOND, "12 s ago"],
  [-3 * 60 * SECOND, "3 min ago"],
  [-47 * HOUR, "47 h ago"],
  [-49 * HOUR, "2 d ago"],
  [48 * SECOND, "in 48 s"],
  [2 * HOUR, "in 2 h"],
])("a time %i ms from now is %s", (ms, text) => {
  const instant = new Date(NOW + ms).toISOString();
  expect(toTime(instant, { now: NOW, style: "relative" })).toBe(text);
});

test("a time is shown in UTC or with this machine's offset, as the same instant", () => {
  const instant = "2026-11-29T09:30:00.123Z";
  expect(toTime(instant, { now: NOW, style: "utc" })).toBe(instant);
  const local = toTime(instant, { now: NOW, style: "local" });
  expect(local).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.123[+-]\d\d:\d\d$/);
  expect(Date.parse(local)).toBe(Date.parse(instant));
});

test.each([
  ["90s", "2026-11-29T11:58:30.000Z"],
  ["30m", "2026-11-29T11:30:00.000Z"],
  ["2h", "2026-11-29T10:00:00.000Z"],
  ["7d", "2026-11-22T12:00:00.000Z"],
  ["2026-11-23T09:30:00+01:00", "2026-11-23T08:30:00.000Z"],
  ["yesterday", null],
  ["5", null],
  ["2026-13-45", null],
])("--since %s is %s", (text, instant) => {
  expect(parseTime(text, NOW)).toBe(instant);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 kB"],
  [9_960, "10 kB"],
  [999_600, "1.0 MB"],
  [52_428_800, "52 MB"],
])("%i bytes are %s", (bytes, text) => {
  expect(toSize(bytes)).toBe(text);
});

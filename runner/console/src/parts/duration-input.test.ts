import { expect, test } from "vitest";
import { durationText, parseDuration } from "./duration-input.ts";

test.each([
  ["500ms", 500],
  ["90s", 90_000],
  ["15m", 900_000],
  ["36h", 129_600_000],
  ["7d", 604_800_000],
  ["0s", 0],
])("%s is %d ms, and is written so again", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
  expect(durationText(ms)).toBe(text);
});

test("spaces, fractions, capitals and min are understood, and other texts are not", () => {
  expect([" 1.5 h ", "10 min", "2H"].map(parseDuration)).toEqual([5_400_000, 600_000, 7_200_000]);
  expect(["", "5", "soon", "-1s", "1h 5m"].map(parseDuration)).toEqual([
    null,
    null,
    null,
    null,
    null,
  ]);
});

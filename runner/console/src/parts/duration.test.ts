import { expect, test } from "vitest";
import { formatDuration } from "./duration-text.ts";

test.each([
  [-5, "0 ms"],
  [85, "85 ms"],
  [4_230, "4.2 s"],
  [9_960, "10 s"],
  [59_940, "60 s"],
  [72_000, "1 min 12 s"],
  [120_000, "2 min"],
  [3_600_000, "1 h"],
  [11_100_000, "3 h 5 min"],
  [187_200_000, "2 d 4 h"],
])("%i ms is written as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

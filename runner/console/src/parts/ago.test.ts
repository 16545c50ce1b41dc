import { expect, test } from "vitest";
import { describeAgo } from "./ago-text.ts";

test.each([
  [0, "just now"],
  [-4_000, "now"],
  [12_000, "12 s ago"],
  [-18_000, "in 18 s"],
  [180_000, "3 min ago"],
  [47 * 3_600_000, "47 h ago"],
  [49 * 3_600_000, "2 d ago"],
])("a time %i ms in the past is written as %s", (ms, text) => {
  expect(describeAgo(ms)).toBe(text);
});

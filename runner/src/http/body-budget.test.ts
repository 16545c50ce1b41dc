import { expect, test } from "vitest";
import { createBodyBudget } from "./body-budget.ts";
import { MAX_HELD_BYTES } from "./held-bytes.ts";

const MIB = 1024 * 1024;

test("bodies that would occupy more than the limit are refused until others are freed", () => {
  const budget = createBodyBudget();
  budget.take(0, 200 * MIB);
  expect(() => budget.take(0, 60 * MIB)).toThrow(
    `The bodies of the requests in flight occupy ${200 * MIB} bytes of memory.`,
  );
  budget.free(20 * MIB);
  budget.take(0, 60 * MIB);
});

test("a small body fits when large ones have taken all that they can", () => {
  const budget = createBodyBudget();
  budget.take(0, MAX_HELD_BYTES - 16 * MIB);
  expect(() => budget.take(0, 65 * 1024)).toThrow("needs 66560 more");
  expect(() => budget.take(64 * 1024, 1)).toThrow("needs 1 more");
  for (let n = 0; n < 256; n += 1) budget.take(0, 64 * 1024);
  expect(() => budget.take(0, 1)).toThrow(`the limit is ${MAX_HELD_BYTES}.`);
});

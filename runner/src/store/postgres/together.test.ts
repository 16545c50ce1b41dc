import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { together } from "./together.ts";

test("the results have the order of the parts", async () => {
  const late = setImmediate("late");
  expect(await together([late, Promise.resolve(2)])).toEqual(["late", 2]);
});

test("a failure is told when the other parts have ended too", async () => {
  const ended: string[] = [];
  const slow = setImmediate().then(() => void ended.push("slow"));
  const all = together([Promise.reject(new Error("refused")), slow]);
  await expect(all).rejects.toThrow("refused");
  expect(ended).toEqual(["slow"]);
});

test("of several failures the first in time is told", async () => {
  const after = setImmediate().then(() => Promise.reject(new Error("the transaction is aborted")));
  await expect(together([after, Promise.reject(new Error("deadlock"))])).rejects.toThrow(
    "deadlock",
  );
});

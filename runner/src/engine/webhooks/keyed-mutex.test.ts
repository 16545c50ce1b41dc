import { expect, test } from "vitest";
import { createTurns } from "./keyed-mutex.ts";

test("acts on one thing follow each other, whatever became of those before; others do not wait", async () => {
  const turns = createTurns();
  const told: string[] = [];
  const first = Promise.withResolvers<void>();
  const acts = [
    turns.take("a", async () => {
      await first.promise;
      throw new Error("first");
    }),
    turns.take("a", async () => void told.push("second")),
    turns.take("b", async () => void told.push("other")),
  ];
  await acts[2];
  expect(told).toEqual(["other"]);
  first.resolve();
  await expect(acts[0]).rejects.toThrow("first");
  await acts[1];
  expect(told).toEqual(["other", "second"]);
});

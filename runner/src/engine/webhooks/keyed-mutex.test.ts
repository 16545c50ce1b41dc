import { expect, test } from "vitest";
import { createKeyedMutex } from "./keyed-mutex.ts";

test("acts on one thing follow each other, whatever became of those before; others do not wait", async () => {
  const mutex = createKeyedMutex();
  const told: string[] = [];
  const first = Promise.withResolvers<void>();
  const acts = [
    mutex.run("a", async () => {
      await first.promise;
      throw new Error("first");
    }),
    mutex.run("a", async () => void told.push("second")),
    mutex.run("b", async () => void told.push("other")),
  ];
  await acts[2];
  expect(told).toEqual(["other"]);
  first.resolve();
  await expect(acts[0]).rejects.toThrow("first");
  await acts[1];
  expect(told).toEqual(["other", "second"]);
});

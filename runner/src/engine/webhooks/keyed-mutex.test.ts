import { expect, test } from "vitest";
import { createKeyedMutex } from "./keyed-mutex.ts";

test("tasks with one key run one after another, even after a failure, and other keys do not wait", async () => {
  const mutex = createKeyedMutex();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const tasks = [
    mutex.run("a", async () => {
      await first.promise;
      throw new Error("first");
    }),
    mutex.run("a", async () => void done.push("second")),
    mutex.run("b", async () => void done.push("other")),
  ];
  await tasks[2];
  expect(done).toEqual(["other"]);
  first.resolve();
  await expect(tasks[0]).rejects.toThrow("first");
  await tasks[1];
  expect(done).toEqual(["other", "second"]);
});

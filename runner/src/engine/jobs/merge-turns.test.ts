import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld, interceptCalls, type World } from "../../../test/support/engine.ts";
import { createMergeTurns } from "./merge-turns.ts";

const REQUESTS = 12;

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("requests with one key at the same time are each merged at the first try", async () => {
  let merges = 0;
  const { submit } = await world.startEngine({
    intercept: (store) =>
      interceptCalls(store, (call, name) => {
        if (name === "mergeJob") merges += 1;
        return call();
      }),
  });
  const debounce = { key: "k", delayMs: 60_000, maxMs: 60_000 };
  const ids = await Promise.all(Array.from({ length: REQUESTS }, () => submit({ debounce })));
  expect(new Set(ids).size).toBe(1);
  expect(merges).toBe(REQUESTS - 1);
});

test("a merge that fails does not keep the next one from its turn, and other keys do not wait", async () => {
  const turns = createMergeTurns();
  const first = Promise.withResolvers<string>();
  const order: string[] = [];
  const note = (name: string) => async () => void order.push(name);
  const failing = turns.take("a", () => first.promise);
  const next = turns.take("a", note("next"));
  await turns.take("b", note("other"));
  first.reject(new Error("no"));
  await expect(failing).rejects.toThrow("no");
  await next;
  await turns.take("a", note("last"));
  expect(order).toEqual(["other", "next", "last"]);
});

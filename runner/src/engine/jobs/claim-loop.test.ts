import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld, plugins, REQUEST, type World } from "../../../test/support/engine.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("a job runs immediately behind more jobs than one claim makes wait for their plugin", async () => {
  const { engine, pool } = await world.startEngine({ broken: new Set(["first"]) });
  const runAt = world.clock.now() + 1_000;
  const waiting = Array.from({ length: 600 }, () => ({ ...REQUEST, ...plugins("first"), runAt }));
  const jobs = [...waiting, { ...REQUEST, ...plugins("only"), runAt }];
  await engine.submitBatch({ jobs, webhook: null, idempotencyKey: null });
  await world.runUntil(runAt);
  expect(pool.begun.map(({ task }) => task.plugin)).toEqual(["only"]);
});

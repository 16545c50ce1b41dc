import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld, plugins, REQUEST, type World } from "../../../test/support/engine.ts";
import { holdReplies } from "../../../test/support/held-replies.ts";

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

test("a thread that becomes free during a claim gets a job immediately after it", async () => {
  const claims = holdReplies("claimJobs");
  const { engine, pool, submit } = await world.startEngine(claims);
  await world.settle();
  await submit(plugins("first"));
  claims.hold();
  const jobs = [1, 2, 3].map(() => ({ ...REQUEST, ...plugins("second") }));
  await engine.submitBatch({ jobs, webhook: null, idempotencyKey: null });
  (await pool.step(1)).complete();
  await world.settle();
  claims.release();
  await world.settle();
  expect(pool.begun).toHaveLength(3);
});

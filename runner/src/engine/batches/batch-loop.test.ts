import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createWorld,
  HOOK,
  interceptCalls,
  REQUEST,
  type World,
} from "../../../test/support/engine.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("waiting for a batch, ending it and setting its webhook do not read the outputs", async () => {
  const { engine, sender } = await world.startEngine({
    run: (step) => step.complete("large"),
    intercept: (store) =>
      interceptCalls(store, async (call, name, [, bound]) => {
        if (["batch", "job"].includes(name) && bound !== undefined) {
          throw new RangeError("The outputs are larger than the memory.");
        }
        return call();
      }),
  });
  const request = { jobs: [REQUEST, REQUEST], webhook: null, idempotencyKey: null };
  const { batchId } = await engine.submitBatch(request);
  await engine.waitForBatch(batchId, { signal: AbortSignal.timeout(10_000) });
  expect((await world.store.batch(batchId))?.endedAt).not.toBeNull();
  await engine.setBatchWebhook(batchId, HOOK);
  await engine.setBatchWebhook(batchId, HOOK);
  await world.settle();
  expect(sender.sent.map(({ event }) => event)).toMatchObject([
    { batchId, status: "completed", counts: { total: 2, completed: 2 } },
  ]);
});

test("a batch's callback is sent as soon as its last job has ended, although the clock stands still", async () => {
  const { engine, pool, sender } = await world.startEngine();
  const jobs = [REQUEST, REQUEST];
  const { batchId } = await engine.submitBatch({ jobs, webhook: HOOK, idempotencyKey: null });
  (await pool.step(1)).complete();
  await world.settle();
  expect(sender.sent).toEqual([]);
  (await pool.step(2)).complete();
  await world.settle();
  expect(sender.sent.map(({ event }) => event.batchId)).toEqual([batchId]);
});

test("a batch that cannot be ended stops no other, and is tried again", async () => {
  let isBroken = true;
  const broken = new Set<string>();
  const limits: number[] = [];
  const { engine, sender, logged } = await world.startEngine({
    run: (step) => step.complete(),
    intercept: (store) =>
      interceptCalls(store, async (call, name, [first]) => {
        if (name === "batchesToEnd") limits.push((first as { limit: number }).limit);
        if (isBroken && name === "endBatch" && broken.has(first as string))
          throw new Error("broken");
        return call();
      }),
  });
  const ids: string[] = [];
  // More broken ones than one tick ends.
  for (let n = 0; n < 26; n += 1) {
    const jobs = [{ ...REQUEST, runAt: world.clock.now() + 1_000 }];
    const { batchId } = await engine.submitBatch({ jobs, webhook: HOOK, idempotencyKey: null });
    ids.push(batchId);
    if (n < 25) broken.add(batchId);
  }
  await world.runUntil(world.clock.now() + 10_000);
  expect(sender.sent.map(({ event }) => event.batchId)).toEqual([ids[25]]);
  expect(logged.filter(({ message }) => message === "batch.end-failed")).toHaveLength(25);
  expect(limits.at(-1)).toBe(20 + 25);
  isBroken = false;
  await world.runUntil(world.clock.now() + 60_000);
  expect(limits.at(-1)).toBe(20);
  expect(new Set(sender.sent.map(({ event }) => event.batchId))).toEqual(new Set(ids));
});

test("batches that end with the same job end immediately, also those beyond one tick's limit", async () => {
  const { engine, pool } = await world.startEngine();
  const ids: string[] = [];
  for (let n = 0; n < 50; n += 1) {
    const jobs = [{ ...REQUEST, idempotencyKey: "shared" }];
    const { batchId } = await engine.submitBatch({ jobs, webhook: null, idempotencyKey: null });
    ids.push(batchId);
  }
  (await pool.step(1)).complete();
  await world.settle();
  const batches = await Promise.all(ids.map((id) => world.store.batch(id)));
  expect(batches.filter((batch) => batch?.endedAt === null)).toEqual([]);
});

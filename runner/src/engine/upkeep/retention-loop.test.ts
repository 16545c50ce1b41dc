import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld, HOOK, type World } from "../../../test/support/engine.ts";
import { until } from "../../../test/support/until.ts";

/** More than the loop deletes in one transaction. */
const MANY = 120;
const RETENTION_MS = 1_000;
const MINUTE_MS = 60_000;

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("one run of the loop deletes all jobs that ended too long ago, not only the first slice", async () => {
  const { submit } = await world.startEngine({
    run: (step) => step.complete(),
    retentionMs: RETENTION_MS,
  });
  await Promise.all(Array.from({ length: MANY }, () => submit()));
  const completed = async (): Promise<number> => (await world.store.counts()).jobs.completed;
  await until("all jobs to end", async () => (await completed()) === MANY);
  await world.runUntil(world.clock.now() + MINUTE_MS + RETENTION_MS);
  expect(await completed()).toBe(0);
});

test("one run of the loop returns the space of what it deleted to the disk", async () => {
  const { submit } = await world.startEngine({
    run: (step) => step.complete(),
    retentionMs: RETENTION_MS,
  });
  const text = "x".repeat(10_000);
  await Promise.all(Array.from({ length: MANY }, () => submit({ input: { text } })));
  const completed = async (): Promise<number> => (await world.store.counts()).jobs.completed;
  await until("all jobs to end", async () => (await completed()) === MANY);
  const before = await world.store.size();
  await world.runUntil(world.clock.now() + MINUTE_MS + RETENTION_MS);
  expect(await completed()).toBe(0);
  const after = await world.store.size();
  expect(after.bytes).toBeLessThan(before.bytes / 2);
});

test("one run of the loop deletes all expired webhooks, although no job is old", async () => {
  const { engine } = await world.startEngine({ retentionMs: RETENTION_MS, maxWebhooks: MANY + 1 });
  const expiresAt = world.clock.now() + 1_000;
  const { webhook: kept } = await engine.webhooks.register({ ...HOOK, on: ["completed"] });
  for (let n = 0; n < MANY; n += 1) {
    const url = `${HOOK.url}/${n}`;
    await engine.webhooks.register({ ...HOOK, url, on: ["completed"], expiresAt });
  }
  await world.runUntil(world.clock.now() + MINUTE_MS + 1_000);
  const { items } = await world.store.webhooks({ limit: MANY, cursor: null });
  expect(items.map(({ id }) => id)).toEqual([kept.id]);
});

import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createWorld,
  HOOK,
  interceptCalls,
  plugins,
  type World,
} from "../../../test/support/engine.ts";
import { answered } from "../../../test/support/scripted-sender.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("jobs are counted in the minute in which they are submitted and end, by how they end", async () => {
  const { engine, submit, pool } = await world.startEngine({ threads: 1 });
  const [done, failed] = [await submit(), await submit(), await submit()];
  const queued = await submit();
  await engine.cancel(queued);
  expect([done, failed]).not.toContain(queued);
  (await pool.step(1)).complete();
  (await pool.step(2)).fail();
  await world.runUntil(world.clock.now() + 2 * MINUTE_MS);
  await engine.cancel((await pool.step(3)).task.jobId);
  await world.settle();
  const points = await engine.stats.points(4);
  expect(
    points.map(({ submitted, completed, failed: broken, cancelled }) => [
      submitted,
      completed,
      broken,
      cancelled,
    ]),
  ).toEqual([
    [0, 0, 0, 0],
    [4, 1, 1, 1],
    [0, 0, 0, 0],
    [0, 0, 0, 1],
  ]);
  expect(points.map(({ at }) => at % MINUTE_MS)).toEqual([0, 0, 0, 0]);
  expect(points[3]?.at).toBe(world.clock.now() - (world.clock.now() % MINUTE_MS));
});

test("the wait for a thread counts from when the job could run", async () => {
  const { engine, submit, pool } = await world.startEngine({ threads: 1 });
  await submit();
  await pool.step(1);
  await submit();
  const runAt = world.clock.now() + 20_000;
  await submit({ runAt });
  await world.runUntil(world.clock.now() + 8_000);
  (await pool.step(1)).complete();
  await pool.step(2);
  const eightSeconds = (await engine.stats.points(1)).at(-1)?.queueWaitP95Ms ?? 0;
  expect(Math.abs(eightSeconds - 8_000)).toBeLessThan(800);
  await world.runUntil(runAt);
  (await pool.step(2)).complete();
  await pool.step(3);
  // The longest wait is still that of the second job: the third began when it was due.
  expect((await engine.stats.points(1)).at(-1)?.queueWaitP95Ms).toBe(eightSeconds);
  expect((await engine.stats.points(2))[0]?.queueWaitP95Ms).toBeNull();
});

test("deliveries are counted when they have ended, and by destination", async () => {
  const statuses = new Map([
    [HOOK.url, [500]],
    ["http://other.test/", [400]],
  ]);
  const { engine, submit } = await world.startEngine({
    run: (step) => step.complete(),
    answer: ({ outgoing }) => answered(statuses.get(outgoing.url)?.shift() ?? 200),
  });
  await submit({ webhook: { ...HOOK, on: ["completed", "progress"] } });
  await submit({ webhook: { ...HOOK, url: "http://other.test/", on: ["completed", "progress"] } });
  await world.runUntil(world.clock.now() + 10_000);
  expect(await engine.stats.lastDay()).toMatchObject({
    completed: 2,
    delivered: 3,
    deliveredFirstTry: 2,
    deliveryFailed: 1,
  });
  const { items } = await world.store.destinations({ limit: 10, cursor: null });
  const numbers = items.map(({ number }) => number);
  const hours = await engine.stats.destinations(numbers);
  const at = world.clock.now() - (world.clock.now() % HOUR_MS);
  const outcomes = numbers.flatMap((number) => hours.get(number) ?? []);
  expect(outcomes.reduce((sum, hour) => sum + hour.delivered, 0)).toBe(3);
  expect(outcomes.reduce((sum, hour) => sum + hour.failed, 0)).toBe(1);
  expect(outcomes.map((hour) => hour.at)).toEqual([at, at]);
});

test("plugins have their runs, failures and durations, by the hour", async () => {
  const { engine, submit, pool } = await world.startEngine({ threads: 1 });
  await submit(plugins("first", "second"));
  await pool.step(1);
  await world.runUntil(world.clock.now() + 100);
  (await pool.step(1)).complete();
  (await pool.step(2)).fail();
  await world.runUntil(world.clock.now() + HOUR_MS);
  await submit(plugins("first"));
  (await pool.step(3)).complete();
  await world.settle();
  const { plugins: both } = await engine.stats.plugins(2);
  expect(
    both.map(({ name, runs, failed, perHour }) => [name, runs, failed, perHour.length]),
  ).toEqual([
    ["first", 2, 0, 2],
    ["second", 1, 1, 1],
  ]);
  expect(both[0]?.p95Ms).toBeGreaterThan(90);
  expect(both[0]?.p95Ms).toBeLessThan(110);
  expect(both[0]?.medianMs).toBeLessThan(10);
  expect((await engine.stats.plugins(1)).plugins.map(({ name }) => name)).toEqual(["first"]);
});

test("a stop stores what was counted, and the next daemon adds to it", async () => {
  const run = (step: { complete(): void }): void => step.complete();
  const first = await world.startEngine({ run });
  await first.submit();
  await world.settle();
  await first.engine.stop({ graceMs: 0 });
  const second = await world.startEngine({ run });
  await second.submit();
  await world.settle();
  expect((await second.engine.stats.points(1))[0]?.completed).toBe(2);
  expect((await second.engine.stats.lastDay()).completed).toBe(2);
});

test("counts that cannot be stored are stored later, each once", async () => {
  let isBroken = true;
  const { engine, submit } = await world.startEngine({
    run: (step) => step.complete(),
    intercept: (store) =>
      interceptCalls(store, async (call, name) => {
        if (name === "addStats" && isBroken) throw new Error("The disk is full.");
        return call();
      }),
  });
  await submit();
  await world.settle();
  expect((await engine.stats.points(2)).map(({ completed }) => completed)).toEqual([0, 0]);
  await world.runUntil(world.clock.now() + MINUTE_MS);
  isBroken = false;
  await submit();
  await world.settle();
  const points = await engine.stats.points(3);
  expect(points.reduce((sum, { completed }) => sum + completed, 0)).toBe(2);
  expect((await engine.stats.lastDay()).completed).toBe(2);
});

test("minutes are deleted after a day, and the sum of a day has only its minutes", async () => {
  const { engine, submit } = await world.startEngine({ run: (step) => step.complete() });
  await submit();
  const began = world.clock.now();
  await world.settle();
  expect((await engine.stats.lastDay()).completed).toBe(1);
  world.clock.set(began + 24 * HOUR_MS - MINUTE_MS);
  expect((await engine.stats.lastDay()).completed).toBe(1);
  world.clock.set(began + 24 * HOUR_MS + MINUTE_MS);
  expect((await engine.stats.lastDay()).completed).toBe(0);
  world.clock.set(began + 27 * HOUR_MS);
  await submit();
  await world.runUntil(world.clock.now() + MINUTE_MS);
  const range = { from: 0, to: world.clock.now() };
  expect(await world.store.stats({ series: "minute", ...range })).toHaveLength(1);
  expect(await world.store.stats({ series: "hour", ...range })).toHaveLength(2);
});

test("counts are stored within five seconds, and nothing is written while nothing happens", async () => {
  const writes: string[] = [];
  const { submit } = await world.startEngine({
    run: (step) => step.complete(),
    intercept: (store) =>
      interceptCalls(store, (call, name) => {
        if (name === "addStats") writes.push(name);
        return call();
      }),
  });
  await world.settle();
  await world.runUntil(world.clock.now() + MINUTE_MS);
  expect(writes).toEqual([]);
  for (let job = 0; job < 20; job += 1) {
    await submit();
    await world.runUntil(world.clock.now() + 1_000);
  }
  await world.runUntil(world.clock.now() + 5_000);
  const range = { from: 0, to: world.clock.now() };
  const rows = await world.store.stats({ series: "minute", ...range });
  expect(rows.reduce((sum, { counts }) => sum + (counts["completed"] ?? 0), 0)).toBe(20);
  expect(writes.length).toBeLessThanOrEqual(6);
});

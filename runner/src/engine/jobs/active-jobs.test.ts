import { afterEach, beforeEach, expect, test } from "vitest";
import {
  claimAhead,
  createWorld,
  interceptCalls,
  plugins,
  type World,
} from "../../../test/support/engine.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("a job claimed ahead that waits over a second goes back to the queue without counting an attempt", async () => {
  const engine = await world.startEngine({ threads: 1 });
  const [id = ""] = await claimAhead(world, engine, 1);
  await world.runUntil(world.clock.now() + 2_100);
  expect(await world.job(id)).toMatchObject({ status: "queued", stepAttempts: 0 });
  expect(await world.kinds(id)).toEqual([]);
});

test("jobs that went back run when the thread is free", async () => {
  const engine = await world.startEngine({ threads: 1 });
  const ids = await claimAhead(world, engine, 3);
  await world.runUntil(world.clock.now() + 2_100);
  engine.pool.begun[1]?.complete();
  for (let n = 3; n <= 5; n += 1) (await engine.pool.step(n)).complete();
  await world.settle();
  for (const id of ids) expect((await world.job(id)).status).toBe("completed");
  expect(engine.pool.begun).toHaveLength(5);
});

test("a job that went back as the thread became free is claimed again immediately", async () => {
  const release = Promise.withResolvers<void>();
  const engine = await world.startEngine({
    threads: 1,
    intercept: (store) =>
      interceptCalls(store, async (call, name) => {
        if (name === "releaseJobs") await release.promise;
        return call();
      }),
  });
  const [id = ""] = await claimAhead(world, engine, 1);
  await world.runUntil(world.clock.now() + 2_100);
  engine.pool.begun[1]?.complete();
  await world.settle();
  release.resolve();
  // No time passes here, so only the job's return can lead to its claim.
  await world.settle();
  expect(engine.pool.begun.map(({ task }) => task.jobId)).toContain(id);
});

test("a drain lets the running step end, and the job continues after the restart", async () => {
  const first = await world.startEngine();
  const id = await first.submit(plugins("first", "second"));
  const step = await first.pool.step(1);
  const stopped = first.engine.stop({ graceMs: 5_000 });
  await world.settle();
  step.complete("kept");
  await stopped;
  expect(first.pool.begun).toHaveLength(1);
  expect(await world.job(id)).toMatchObject({
    status: "queued",
    steps: [{ output: '"kept"' }],
    stepAttempts: 0,
  });
  const second = await world.startEngine({ run: (again) => again.complete() });
  await world.settle();
  expect(second.pool.begun.map(({ task }) => task.plugin)).toEqual(["second"]);
  expect((await world.job(id)).status).toBe("completed");
});

test("a drain lets the last step end the job", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit();
  const step = await pool.step(1);
  const stopped = engine.stop({ graceMs: 5_000 });
  await world.settle();
  step.complete();
  await stopped;
  expect((await world.job(id)).status).toBe("completed");
});

test("after the grace period a drain asks the step to stop, and counts no attempt", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit();
  const step = await pool.step(1);
  const stopped = engine.stop({ graceMs: 5_000 });
  await world.runUntil(world.clock.now() + 4_999);
  expect(step.hooks.signal.aborted).toBe(false);
  await world.runUntil(world.clock.now() + 1);
  await stopped;
  expect(step.hooks.signal.aborted).toBe(true);
  expect(await world.job(id)).toMatchObject({ status: "queued", stepAttempts: 0 });
});

test("ten restarts in the middle of a step do not fail its job", async () => {
  const first = await world.startEngine();
  const id = await first.submit();
  await first.pool.step(1);
  await first.engine.stop({ graceMs: 0 });
  for (let restart = 0; restart < 9; restart += 1) {
    const { engine, pool } = await world.startEngine();
    await pool.step(1);
    await engine.stop({ graceMs: 0 });
  }
  await world.startEngine({ run: (step) => step.complete() });
  await world.settle();
  expect((await world.job(id)).status).toBe("completed");
});

test("a drain immediately releases jobs that wait for a thread", async () => {
  const engine = await world.startEngine({ threads: 1 });
  const [id = ""] = await claimAhead(world, engine, 1);
  const stopped = engine.engine.stop({ graceMs: 5_000 });
  await world.settle();
  expect(await world.job(id)).toMatchObject({ status: "queued", stepAttempts: 0 });
  engine.pool.begun[1]?.complete();
  await stopped;
  expect(engine.pool.begun).toHaveLength(2);
});

test("a drain releases a job between two steps without starting the next step", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit(plugins("first", "second"));
  (await pool.step(1)).complete();
  await engine.stop({ graceMs: 5_000 });
  expect(pool.begun).toHaveLength(1);
  expect(await world.job(id)).toMatchObject({ status: "queued", steps: [{ plugin: "first" }] });
});

test("a daemon that is stopping accepts no new job and no retry", async () => {
  const { engine, submit } = await world.startEngine({ run: (step) => step.fail() });
  const id = await submit();
  await world.settle();
  await engine.stop({ graceMs: 0 });
  await expect(submit()).rejects.toMatchObject({ code: "STOPPING" });
  await expect(engine.retry(id)).rejects.toMatchObject({ code: "STOPPING" });
});

test("jobs run by priority, then in order of arrival", async () => {
  const { pool, submit } = await world.startEngine({ threads: 1 });
  const blocking = await submit();
  await pool.step(1);
  const low = await submit({ priority: -1 });
  const early = await submit();
  const late = await submit();
  const high = await submit({ priority: 5 });
  for (let n = 1; n <= 5; n += 1) (await pool.step(n)).complete();
  await world.settle();
  const order = pool.begun.map(({ task }) => task.jobId);
  expect(order).toEqual([blocking, high, early, late, low]);
});

test("a job scheduled for later begins at that instant, not before", async () => {
  const { pool, submit } = await world.startEngine();
  const runAt = world.clock.now() + 3_600_000;
  await submit({ runAt });
  await world.runUntil(runAt - 1);
  expect(pool.begun).toEqual([]);
  await world.runUntil(runAt);
  expect(pool.begun).toHaveLength(1);
});

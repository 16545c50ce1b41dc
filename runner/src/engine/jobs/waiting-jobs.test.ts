import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld, HOOK, plugins, type World } from "../../../test/support/engine.ts";

const WAIT_MS = 60 * 60_000;

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("a job whose plugin is broken waits in the queue, and jobs of other plugins run", async () => {
  const broken = new Set(["first"]);
  const { submit, pool, changePlugins } = await world.startEngine({ broken, threads: 1 });
  const waiting = await submit(plugins("first"));
  await submit(plugins("only"));
  (await pool.step(1)).complete();
  await world.settle();
  const since = world.clock.now();
  await world.runUntil(since + 60_000);
  expect(pool.begun.map(({ task }) => task.plugin)).toEqual(["only"]);
  expect(await world.job(waiting)).toMatchObject({
    status: "queued",
    fence: 0,
    stepAttempts: 0,
    waitingFor: { kind: "plugin", on: "first", since },
  });
  broken.clear();
  changePlugins();
  await world.settle();
  expect(pool.begun.map(({ task }) => task.jobId)).toContain(waiting);
});

test("a job fails with the plugin's error when it has waited for as long as it may", async () => {
  const broken = new Set(["first"]);
  const { submit, pool } = await world.startEngine({ broken });
  const id = await submit({ ...plugins("first"), webhook: HOOK });
  const since = world.clock.now();
  await world.runUntil(since + WAIT_MS - 1);
  expect((await world.job(id)).status).toBe("queued");
  await world.runUntil(since + WAIT_MS + 10_000);
  expect(pool.begun).toEqual([]);
  const { status, failure, waitingFor } = await world.job(id);
  expect({ status, waitingFor }).toEqual({ status: "failed", waitingFor: null });
  expect(failure?.code).toBe("PLUGIN_BROKEN");
  expect(failure?.message).toMatch(
    /^Plugin "first" could not be loaded: For a test\. The job waited 36\d{5} ms for it \(PLAYGROUND_PLUGIN_WAIT_MS\)\.$/,
  );
  expect(await world.kinds(id)).toEqual(["failed"]);
});

test("a job waits for the plugin of a later step, and runs no completed step again", async () => {
  const broken = new Set(["second"]);
  const engine = await world.startEngine({ broken });
  const id = await engine.submit(plugins("first", "second"));
  (await engine.pool.step(1)).complete("from first");
  await world.settle();
  expect(await world.job(id)).toMatchObject({ status: "queued", waitingFor: { on: "second" } });
  broken.clear();
  engine.changePlugins();
  const second = await engine.pool.step(2);
  expect(second.task).toMatchObject({ plugin: "second", input: '"from first"' });
  second.complete();
  await world.settle();
  expect(await world.kinds(id)).toEqual(["started", "progress", "progress", "completed"]);
});

test("a wait goes on through a restart, and its beginning stays the same", async () => {
  const first = await world.startEngine({ broken: new Set(["first"]) });
  const id = await first.submit(plugins("first"));
  await world.settle();
  const { waitingFor } = await world.job(id);
  await world.runUntil(world.clock.now() + 60_000);
  await first.engine.stop({ graceMs: 0 });
  const broken = new Set(["first"]);
  const second = await world.startEngine({ broken });
  await world.settle();
  expect((await world.job(id)).waitingFor).toEqual(waitingFor);
  broken.clear();
  second.changePlugins();
  await second.pool.step(1);
});

test("a waiting job can be cancelled", async () => {
  const { engine, submit } = await world.startEngine({ broken: new Set(["first"]) });
  const id = await submit(plugins("first"));
  await world.settle();
  await engine.cancel(id);
  expect(await world.job(id)).toMatchObject({ status: "failed", waitingFor: null });
});

test("a step whose thread cannot load the plugin waits when the plugin is read again and is broken", async () => {
  const broken = new Set<string>();
  const recheck = (): void => void broken.add("first");
  const { submit, pool, changePlugins } = await world.startEngine({ broken, recheck });
  const id = await submit(plugins("first"));
  (await pool.step(1)).fail("PLUGIN_BROKEN");
  await world.settle();
  expect(await world.job(id)).toMatchObject({
    status: "queued",
    stepAttempts: 0,
    waitingFor: { on: "first" },
  });
  broken.clear();
  changePlugins();
  (await pool.step(2)).complete();
  await world.settle();
  expect(await world.kinds(id)).toEqual(["started", "progress", "completed"]);
});

test("a step whose threads cannot load a plugin that can be read fails after the second try", async () => {
  let rechecks = 0;
  const { submit, pool } = await world.startEngine({ recheck: () => void (rechecks += 1) });
  const id = await submit(plugins("first"));
  (await pool.step(1)).fail("PLUGIN_BROKEN");
  (await pool.step(2)).fail("PLUGIN_BROKEN");
  await world.settle();
  expect(rechecks).toBe(1);
  expect(await world.job(id)).toMatchObject({
    status: "failed",
    failure: { code: "PLUGIN_BROKEN" },
  });
});

import { afterEach, beforeEach, expect, test } from "vitest";
import {
  claimAhead,
  createWorld,
  HOOK,
  interceptCalls,
  plugins,
  type World,
} from "../../../test/support/engine.ts";
import { until } from "../../../test/support/until.ts";
import { Transient } from "../../domain/errors.ts";
import type { Store } from "../../ports/store/store.ts";
import { cancelJob } from "./cancel-job.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

const CANCELLED = { status: "failed", failure: { code: "CANCELLED" } };

function failingCommits(store: Store, isFull: () => boolean): Store {
  return interceptCalls(store, async (call, name) => {
    if (isFull() && name === "commitTransition") throw new Transient("STORE_DISK_FULL", "full");
    return call();
  });
}

test("a queued job is cancelled immediately, and its webhook receives the event", async () => {
  const { engine, pool, sender, submit } = await world.startEngine({ threads: 1 });
  await submit();
  await pool.step(1);
  const id = await submit({ webhook: HOOK });
  await engine.cancel(id);
  expect(await world.job(id)).toMatchObject(CANCELLED);
  await until("the event", () => sender.sent.length === 1);
  expect(sender.sent[0]?.event).toMatchObject({ status: "failed", errorCode: "CANCELLED" });
  pool.begun[0]?.complete();
  await world.settle();
  expect(pool.begun).toHaveLength(1);
});

test("a job scheduled for later is cancelled and never runs", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const runAt = world.clock.now() + 60_000;
  const id = await submit({ runAt });
  await engine.cancel(id);
  await world.runUntil(runAt + 60_000);
  expect(pool.begun).toEqual([]);
  expect(await world.job(id)).toMatchObject(CANCELLED);
});

test("a job that waits for a thread is cancelled and gets none", async () => {
  const running = await world.startEngine({ threads: 1 });
  const { engine, pool, submit } = running;
  const [id = ""] = await claimAhead(world, running, 1);
  await engine.cancel(id);
  expect(await world.job(id)).toMatchObject(CANCELLED);
  pool.begun[1]?.complete();
  await world.settle();
  expect(pool.begun).toHaveLength(2);
  const after = await submit();
  (await pool.step(3)).complete();
  await world.settle();
  expect((await world.job(after)).status).toBe("completed");
});

test("a running job has ended when the cancel resolves, and its plugin is asked to stop", async () => {
  const { engine, pool, submit } = await world.startEngine({ obeysStop: false });
  const id = await submit(plugins("first", "second"));
  const step = await pool.step(1);
  await engine.cancel(id);
  expect(await world.job(id)).toMatchObject(CANCELLED);
  expect(step.hooks.signal.aborted).toBe(true);
  step.complete("too late");
  await world.settle();
  expect(await world.job(id)).toMatchObject({
    ...CANCELLED,
    steps: [{ index: 0, plugin: "first", metrics: null, output: null, ...CANCELLED }],
  });
  expect(await world.kinds(id)).toEqual(["started", "failed"]);
  expect(pool.begun).toHaveLength(1);
});

test("after a cancel that could not be stored the job runs again, and can be cancelled", async () => {
  let isFull = false;
  const { engine, pool, submit } = await world.startEngine({
    intercept: (store) => failingCommits(store, () => isFull),
  });
  const id = await submit();
  await pool.step(1);
  await world.settle();
  isFull = true;
  await expect(engine.cancel(id)).rejects.toMatchObject({ code: "STORE_DISK_FULL" });
  isFull = false;
  await pool.step(2);
  expect(await world.job(id)).toMatchObject({ status: "running", stepAttempts: 1 });
  await engine.cancel(id);
  expect(await world.job(id)).toMatchObject(CANCELLED);
});

test("a cancel that could not be stored can be repeated while the plugin stops", async () => {
  let isFull = false;
  const { engine, pool, submit } = await world.startEngine({
    obeysStop: false,
    intercept: (store) => failingCommits(store, () => isFull),
  });
  const id = await submit();
  const step = await pool.step(1);
  await world.settle();
  isFull = true;
  await expect(engine.cancel(id)).rejects.toMatchObject({ code: "STORE_DISK_FULL" });
  isFull = false;
  await engine.cancel(id);
  expect(await world.job(id)).toMatchObject(CANCELLED);
  step.complete("too late");
  await world.settle();
  expect(pool.begun).toHaveLength(1);
});

test("a job whose last step is being stored is not cancelled, because it has ended", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit();
  (await pool.step(1)).complete();
  const cancelled = expect(engine.cancel(id)).rejects.toMatchObject({ code: "JOB_ALREADY_ENDED" });
  await world.runUntil(world.clock.now() + 1_000);
  await cancelled;
  expect((await world.job(id)).status).toBe("completed");
  expect(await world.kinds(id)).toEqual(["started", "progress", "completed"]);
});

test("a job cancelled between two steps keeps the outcome of the first", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit(plugins("first", "second"));
  (await pool.step(1)).complete("kept");
  await engine.cancel(id);
  await world.settle();
  const job = await world.job(id);
  expect(job).toMatchObject({ ...CANCELLED, steps: [{ status: "completed", output: '"kept"' }] });
  expect(await world.kinds(id)).toEqual(["started", "progress", "failed"]);
});

test("of two simultaneous cancels, one ends the job and the other is refused because it has ended", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit();
  await pool.step(1);
  const both = Promise.allSettled([engine.cancel(id), engine.cancel(id)]);
  await world.runUntil(world.clock.now() + 1_000);
  const outcomes = (await both).map(({ status }) => status);
  expect(outcomes.toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(await world.kinds(id)).toEqual(["started", "failed"]);
});

test("a job that a stopping daemon is giving back is cancelled", async () => {
  const { engine, pool, submit } = await world.startEngine({ obeysStop: false });
  const id = await submit();
  const step = await pool.step(1);
  const stopped = engine.stop({ graceMs: 0 });
  await until("the step to be asked to stop", () => step.hooks.signal.aborted);
  await engine.cancel(id);
  expect(await world.job(id)).toMatchObject(CANCELLED);
  step.complete("too late");
  await stopped;
  expect(await world.job(id)).toMatchObject(CANCELLED);
});

test("a job that another daemon runs is cancelled, and that daemon stops its step", async () => {
  const { pool, submit, logged } = await world.startEngine();
  const id = await submit();
  const step = await pool.step(1);
  await world.settle();
  const elsewhere = { get: () => null };
  await cancelJob(id, {
    store: world.store,
    activeJobs: elsewhere,
    signals: { announce: () => undefined },
    messages: { publish: () => undefined },
    telemetry: { jobEnded: () => undefined },
    clock: world.clock,
    jobUrl: (jobId) => `http://daemon.test/v1/jobs/${jobId}`,
  });
  expect(await world.job(id)).toMatchObject(CANCELLED);
  expect(await world.kinds(id)).toEqual(["started", "failed"]);
  await world.runUntil(world.clock.now() + 10_000);
  expect(step.hooks.signal.aborted).toBe(true);
  expect(logged.map(({ message }) => message)).toContain("leases.lost");
  expect(await world.job(id)).toMatchObject(CANCELLED);
});

test("a client that waits for a job's end is notified of its cancel", async () => {
  const { engine, pool, submit } = await world.startEngine({ threads: 1 });
  await submit();
  await pool.step(1);
  const queued = await submit();
  const waiting = engine.waitForEnd(queued, { signal: new AbortController().signal });
  await engine.cancel(queued);
  await waiting;
});

test("a job that does not exist or has ended cannot be cancelled", async () => {
  const { engine, submit } = await world.startEngine({ run: (step) => step.complete() });
  await expect(engine.cancel("job_none")).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
  const id = await submit();
  await world.settle();
  await expect(engine.cancel(id)).rejects.toMatchObject({ code: "JOB_ALREADY_ENDED" });
});

test("a cancelled job that is retried begins at the step it was cancelled in", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit(plugins("first", "second"));
  (await pool.step(1)).complete();
  await pool.step(2);
  await engine.cancel(id);
  await engine.retry(id);
  (await pool.step(3)).complete();
  await world.settle();
  expect(pool.begun.map(({ task }) => task.plugin)).toEqual(["first", "second", "second"]);
  expect((await world.job(id)).status).toBe("completed");
});

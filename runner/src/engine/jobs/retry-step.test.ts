/** Steps that run again by themselves. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createWorld,
  HOOK,
  interceptCalls,
  plugins,
  type World,
} from "../../../test/support/engine.ts";
import { MAX_STEP_ATTEMPTS } from "../../domain/job.ts";
import { toRetryPolicy } from "../../domain/step-retry.ts";
import type { Transition } from "../../domain/transition.ts";
import { Transient } from "../../domain/errors.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

const RETRY = toRetryPolicy({ attempts: 3, backoff: { delayMs: 1_000, factor: 10, jitter: 0 } });

/** How soon a clock that was set is noticed. */
const CLOCK_CHECK_MS = 1_000;

async function events(id: string) {
  const stored = await world.store.events(id, { after: 0, limit: 100 });
  return stored.map(({ kind, sequence, body }) => ({
    kind,
    sequence,
    attempts: (JSON.parse(body) as { attempts?: number }).attempts,
  }));
}

test("a step that fails runs again after the wait, without an event, and the thread is free meanwhile", async () => {
  const { engine, pool, submit } = await world.startEngine({ threads: 1 });
  const id = await submit({ ...plugins("first", "second"), retry: RETRY, webhook: HOOK });
  (await pool.step(1)).complete("kept");
  const failing = await pool.step(2);
  const failedAt = world.clock.now();
  failing.fail();
  await world.settle();
  const waiting = await world.job(id);
  expect(waiting).toMatchObject({
    status: "queued",
    spec: { runAt: failedAt + 1_000 },
    steps: [{ index: 0, status: "completed" }],
    attempts: [{ step: 1, endedAt: failedAt, failure: { code: "PLUGIN_THREW" } }],
    waitingFor: { kind: "retry", at: failedAt + 1_000, failedAttempts: 1 },
  });
  expect(engine.explainWait(waiting.waitingFor!)).toBe(
    `Attempt 2 begins at ${new Date(failedAt + 1_000).toISOString()}. Attempt 1 failed: PLUGIN_THREW`,
  );
  await submit(plugins("third"));
  (await pool.step(3)).complete();
  await world.runUntil(failedAt + 999);
  expect(pool.begun).toHaveLength(3);
  await world.runUntil(failedAt + 1_000);
  const again = await pool.step(4);
  expect(again.task).toMatchObject({ plugin: "second", input: '"kept"' });
  again.complete("done");
  await world.settle();
  expect(await world.job(id)).toMatchObject({ status: "completed", attempts: [{ step: 1 }] });
  expect(await world.kinds(id)).toEqual(["started", "progress", "progress", "completed"]);
});

test("when no attempt is left, the one failed event says how many there were", async () => {
  const { pool, submit } = await world.startEngine({ run: (step) => step.fail() });
  const id = await submit({ retry: RETRY });
  await world.runUntil(world.clock.now() + 60_000);
  expect(pool.begun).toHaveLength(3);
  expect(await events(id)).toEqual([
    { kind: "started", sequence: 1, attempts: undefined },
    { kind: "failed", sequence: 2, attempts: 3 },
  ]);
  expect(await world.job(id)).toMatchObject({
    status: "failed",
    attempts: [{ step: 0 }, { step: 0 }],
    steps: [{ status: "failed" }],
  });
});

test("each step has attempts of its own", async () => {
  const { pool, submit } = await world.startEngine();
  const id = await submit({ ...plugins("first", "second"), retry: RETRY });
  for (const step of [1, 2]) {
    (await pool.step(step)).fail();
    await world.runUntil(world.clock.now() + 20_000);
  }
  (await pool.step(3)).complete();
  (await pool.step(4)).fail();
  await world.settle();
  expect((await world.job(id)).waitingFor).toMatchObject({ kind: "retry", failedAttempts: 1 });
});

test("what a crash cuts off is no attempt", async () => {
  const { pool, submit } = await world.startEngine();
  const id = await submit({ retry: RETRY });
  for (let crash = 1; crash < MAX_STEP_ATTEMPTS; crash += 1) {
    (await pool.step(crash)).interrupt();
    await world.runUntil(world.clock.now() + 5_000);
  }
  (await pool.step(MAX_STEP_ATTEMPTS)).fail();
  await world.settle();
  expect(await world.job(id)).toMatchObject({
    stepAttempts: 0,
    failedAttempts: 1,
    waitingFor: { kind: "retry", failedAttempts: 1 },
  });
  await world.runUntil(world.clock.now() + 1_000);
  for (let crash = 1; crash < MAX_STEP_ATTEMPTS; crash += 1) {
    (await pool.step(MAX_STEP_ATTEMPTS + crash)).interrupt();
    await world.runUntil(world.clock.now() + 5_000);
  }
  (await pool.step(2 * MAX_STEP_ATTEMPTS)).complete();
  await world.settle();
  expect((await world.job(id)).status).toBe("completed");
});

test("a step that could not begin in time runs again, and that does not count", async () => {
  const { pool, submit } = await world.startEngine();
  const id = await submit();
  for (let late = 1; late <= MAX_STEP_ATTEMPTS + 1; late += 1) {
    (await pool.step(late)).interrupt({ isTooLate: true });
    await world.runUntil(world.clock.now() + 5_000);
  }
  (await pool.step(MAX_STEP_ATTEMPTS + 2)).complete();
  await world.settle();
  expect((await world.job(id)).status).toBe("completed");
});

test("a daemon that takes the job over waits for the same instant", async () => {
  const first = await world.startEngine();
  const id = await first.submit({ retry: RETRY });
  (await first.pool.step(1)).fail();
  await world.settle();
  const { runAt } = (await world.job(id)).spec;
  await first.engine.stop({ graceMs: 0 });
  const second = await world.startEngine();
  await world.runUntil(runAt - 1);
  expect(second.pool.begun).toEqual([]);
  await world.runUntil(runAt);
  await second.pool.step(1);
});

test("a clock that is set back does not make the wait longer", async () => {
  const { pool, submit } = await world.startEngine();
  await submit({ retry: RETRY });
  (await pool.step(1)).fail();
  await world.settle();
  world.clock.set(world.clock.now() - 60 * 60_000);
  await world.runUntil(world.clock.now() + 999);
  expect(pool.begun).toHaveLength(1);
  await world.runUntil(world.clock.now() + CLOCK_CHECK_MS);
  expect(pool.begun).toHaveLength(2);
});

test("the time of attempts that failed counts for timeoutMs, and the waits do not", async () => {
  const { pool, submit } = await world.startEngine();
  await submit({ retry: RETRY, timeoutMs: 10_000 });
  const first = await pool.step(1);
  await world.runUntil(world.clock.now() + 4_000);
  first.fail();
  await world.runUntil(world.clock.now() + 1_000);
  expect((await pool.step(2)).task.jobTimeoutMs).toBe(6_000);
});

test.each([3_600_000, -3_600_000])(
  "a clock that is set by %i ms while an attempt runs does not change the time that is left",
  async (byMs) => {
    const { pool, submit } = await world.startEngine();
    await submit({ retry: RETRY, timeoutMs: 10_000 });
    const first = await pool.step(1);
    await world.runUntil(world.clock.now() + 4_000);
    world.clock.set(world.clock.now() + byMs);
    first.fail();
    await world.runUntil(world.clock.now() + 2_000);
    expect((await pool.step(2)).task.jobTimeoutMs).toBe(6_000);
  },
);

test("no attempt begins when the job's time is used up", async () => {
  const { pool, submit } = await world.startEngine();
  const id = await submit({ retry: RETRY, timeoutMs: 10_000 });
  const first = await pool.step(1);
  await world.runUntil(world.clock.now() + 10_000);
  first.fail("PLUGIN_TIMEOUT");
  await world.settle();
  expect(await world.job(id)).toMatchObject({ status: "failed", attempts: [] });
});

test("after its instant, an attempt that has not begun waits for a free thread", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit({ retry: RETRY });
  (await pool.step(1)).fail();
  await world.settle();
  const { waitingFor } = await world.job(id);
  await world.runUntil(world.clock.now() + 1_000);
  expect(engine.explainWait(waitingFor!)).toMatch(/^Attempt 2 waits for a free thread\. /);
});

test("a job that is cancelled while it waits ends, with the attempts that it had", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit({ retry: RETRY });
  (await pool.step(1)).fail();
  await world.settle();
  await engine.cancel(id);
  await world.runUntil(world.clock.now() + 60_000);
  expect(pool.begun).toHaveLength(1);
  expect((await events(id)).at(-1)).toEqual({ kind: "failed", sequence: 2, attempts: 1 });
});

test("the plugin can ask for another wait, or for no other attempt", async () => {
  const { pool, submit } = await world.startEngine();
  const id = await submit({ retry: RETRY });
  (await pool.step(1)).fail("PLUGIN_THREW", { afterMs: 5 });
  await world.runUntil(world.clock.now() + 5);
  (await pool.step(2)).fail("PLUGIN_THREW", "never");
  await world.settle();
  expect(await world.job(id)).toMatchObject({ status: "failed", failedAttempts: 1 });
});

test("the plugin's own policy applies to a job without one", async () => {
  const { pool, submit } = await world.startEngine({ pluginRetry: RETRY });
  const retried = await submit();
  const single = await submit({ retry: toRetryPolicy({ attempts: 1 }) });
  (await pool.step(1)).fail();
  (await pool.step(2)).fail();
  await world.settle();
  expect((await world.job(retried)).status).toBe("queued");
  expect((await world.job(single)).status).toBe("failed");
});

test("the plugin's policy applies although its file broke while the step ran", async () => {
  const broken = new Set<string>();
  const { pool, submit } = await world.startEngine({ pluginRetry: RETRY, broken });
  const id = await submit();
  const step = await pool.step(1);
  broken.add(step.task.plugin);
  step.fail();
  await world.settle();
  expect((await world.job(id)).status).toBe("queued");
});

test("the longest and the shortest wait of a jitter are used", async () => {
  const waits: number[] = [];
  for (const random of [0, 0.999]) {
    const { engine, pool, submit } = await world.startEngine({ random: () => random });
    const id = await submit({ retry: toRetryPolicy({ attempts: 2, backoff: { jitter: 0.5 } }) });
    const failedAt = world.clock.now();
    (await pool.step(1)).fail();
    await world.settle();
    waits.push((await world.job(id)).spec.runAt - failedAt);
    await engine.cancel(id);
    await engine.stop({ graceMs: 0 });
  }
  expect(waits).toEqual([500, 1_499]);
});

test("a client's retry of a job that was cancelled while it waited begins immediately", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit({ retry: RETRY });
  (await pool.step(1)).fail("PLUGIN_THREW", { afterMs: 60 * 60_000 });
  await world.settle();
  await engine.cancel(id);
  await engine.retry(id);
  (await pool.step(2)).complete();
  await world.settle();
  expect((await world.job(id)).status).toBe("completed");
});

test("an attempt that ended while the daemon stops is counted, and its wait kept", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit({ retry: RETRY });
  const step = await pool.step(1);
  const stopped = engine.stop({ graceMs: 5_000 });
  step.fail();
  await stopped;
  expect(await world.job(id)).toMatchObject({ status: "queued", failedAttempts: 1 });
});

test("a retry whose write must be tried again is stored once, and holds its thread until then", async () => {
  let failures = 2;
  const { pool, submit } = await world.startEngine({
    threads: 1,
    intercept: (store) =>
      interceptCalls(store, async (call, name, args) => {
        const isRetry = name === "commitTransition" && (args[1] as Transition).status === "queued";
        if (isRetry && failures-- > 0) throw new Transient("STORE_DISK_FULL", "full");
        return call();
      }),
  });
  const id = await submit({ retry: RETRY });
  (await pool.step(1)).fail();
  await world.runUntil(world.clock.now() + 500);
  expect(await world.job(id)).toMatchObject({ failedAttempts: 1, attempts: [{ step: 0 }] });
});

test("a client's retry begins to count again, and keeps what failed before", async () => {
  const { engine, pool, submit } = await world.startEngine({ run: (step) => step.fail() });
  const id = await submit({ retry: RETRY });
  await world.runUntil(world.clock.now() + 60_000);
  await engine.retry(id);
  await world.runUntil(world.clock.now() + 60_000);
  expect(pool.begun).toHaveLength(6);
  expect((await world.job(id)).attempts).toHaveLength(5);
  expect((await events(id)).map(({ attempts }) => attempts)).toEqual([undefined, 3, 3]);
});

test("a retry from the start runs all steps again, without a second started event", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit(plugins("first", "second"));
  (await pool.step(1)).complete("old");
  (await pool.step(2)).fail();
  await world.settle();
  await engine.retry(id, { from: "start" });
  expect((await world.job(id)).steps).toEqual([]);
  const first = await pool.step(3);
  expect(first.task.plugin).toBe("first");
  first.complete("new");
  (await pool.step(4)).complete("end");
  await world.settle();
  expect(await world.kinds(id)).toEqual([
    "started",
    "progress",
    "failed",
    "progress",
    "progress",
    "completed",
  ]);
  expect((await world.job(id)).steps).toMatchObject([{ output: '"new"' }, { output: '"end"' }]);
});

import { afterEach, beforeEach, expect, test } from "vitest";
import {
  claimAhead,
  createWorld,
  HOOK,
  interceptCalls,
  plugins,
  type World,
} from "../../../test/support/engine.ts";
import { Transient } from "../../domain/errors.ts";
import { toJsonText } from "../../domain/json-text.ts";
import { MAX_STEP_ATTEMPTS } from "../../domain/job.ts";
import type { Transition } from "../../domain/transition.ts";
import type { Store } from "../../ports/store/store.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("each step gets the output of the step before, and the job's own input", async () => {
  const { pool, submit } = await world.startEngine();
  await submit({ ...plugins("first", "second"), input: 1 });
  const first = await pool.step(1);
  expect(first.task).toMatchObject({ plugin: "first", input: "1", jobInput: "1" });
  first.complete({ from: "first" });
  const second = await pool.step(2);
  expect(second.task).toMatchObject({
    plugin: "second",
    input: '{"from":"first"}',
    jobInput: "1",
  });
});

test("a job's events are stored in order, with no gap in their sequence", async () => {
  const { submit } = await world.startEngine({ run: (step) => step.complete() });
  const id = await submit(plugins("first", "second"));
  await world.settle();
  const events = await world.store.events(id, { after: 0, limit: 100 });
  expect(events.map(({ kind, sequence }) => [sequence, kind])).toEqual([
    [1, "started"],
    [2, "progress"],
    [3, "progress"],
    [4, "completed"],
  ]);
});

test("a step begins only after the result of the step before is stored", async () => {
  const stored = Promise.withResolvers<void>();
  const { pool, submit } = await world.startEngine({
    intercept: (store) =>
      interceptCalls(store, async (call, name, args) => {
        const [, transition] = args as Parameters<Store["commitTransition"]>;
        if (name === "commitTransition" && "step" in transition) await stored.promise;
        return call();
      }),
  });
  await submit(plugins("first", "second"));
  (await pool.step(1)).complete();
  await world.settle();
  expect(pool.begun).toHaveLength(1);
  stored.resolve();
  await pool.step(2);
});

test("a step that fails ends the job, and no later step begins", async () => {
  const { pool, submit } = await world.startEngine({ run: (step) => step.fail("PLUGIN_THREW") });
  const id = await submit(plugins("first", "second"));
  await world.settle();
  expect(pool.begun).toHaveLength(1);
  expect(await world.job(id)).toMatchObject({
    status: "failed",
    failure: { code: "PLUGIN_THREW" },
  });
});

test("a job's steps share its log limit", async () => {
  const { pool, submit } = await world.startEngine();
  await submit(plugins("first", "second", "third"));
  const line = { at: 0, level: "info", message: "é", data: null } as const;
  const first = await pool.step(1);
  expect(first.task).toMatchObject({ logLimitBytes: 4096, logLimitLines: 10_000 });
  first.hooks.onLog([line, { ...line, data: toJsonText("x".repeat(94)) }]);
  first.complete();
  const second = await pool.step(2);
  expect(second.task).toMatchObject({ logLimitBytes: 3996, logLimitLines: 9_998 });
  second.hooks.onLog([{ ...line, message: "x".repeat(5000) }]);
  second.hooks.onLog(Array.from({ length: 9_999 }, () => ({ ...line, message: "" })));
  second.complete();
  expect((await pool.step(3)).task).toMatchObject({ logLimitBytes: 0, logLimitLines: 0 });
});

test("a daemon that lost its claim stores nothing of the step it still ran", async () => {
  const first = await world.startEngine();
  const id = await first.submit({ webhook: HOOK });
  const lost = await first.pool.step(1);
  const second = await world.startEngine();
  const taken = await second.pool.step(1);
  lost.complete("from the lost claim");
  await world.settle();
  expect((await world.job(id)).steps).toEqual([]);
  expect(first.logged.map(({ message }) => message)).toContain("job.claim-lost");
  taken.complete("from the valid claim");
  await world.settle();
  expect((await world.job(id)).steps).toMatchObject([{ output: '"from the valid claim"' }]);
  expect(await world.kinds(id)).toEqual(["started", "progress", "completed"]);
});

test("a job that another daemon claims continues at the interrupted step", async () => {
  const first = await world.startEngine();
  const id = await first.submit(plugins("first", "second"));
  (await first.pool.step(1)).complete("kept");
  await first.pool.step(2);
  const second = await world.startEngine({ run: (step) => step.complete() });
  await world.settle();
  expect(second.pool.begun.map(({ task }) => task.plugin)).toEqual(["second"]);
  expect(second.pool.begun[0]?.task.input).toBe('"kept"');
  expect(await world.kinds(id)).toEqual(["started", "progress", "progress", "completed"]);
});

test("a step that ended three daemons is not started a fourth time", async () => {
  const before = await world.startEngine();
  const id = await before.submit(plugins("first", "second"));
  (await before.pool.step(1)).complete();
  await before.pool.step(2);
  for (let attempt = 2; attempt <= MAX_STEP_ATTEMPTS; attempt += 1) {
    const { pool } = await world.startEngine();
    expect((await pool.step(1)).task.plugin).toBe("second");
  }
  const last = await world.startEngine();
  await world.settle();
  expect(last.pool.begun).toEqual([]);
  const job = await world.job(id);
  expect(job).toMatchObject({ status: "failed", failure: { code: "STEP_INTERRUPTED" } });
  expect(job.failure?.message).toContain('"second"');
  expect(await world.kinds(id)).toEqual(["started", "progress", "failed"]);
});

test("a step whose process ended runs again, and nothing about it reaches a webhook", async () => {
  const { pool, submit } = await world.startEngine();
  const id = await submit(plugins("first", "second"));
  (await pool.step(1)).complete("kept");
  (await pool.step(2)).interrupt();
  const again = await pool.step(3);
  expect(again.task).toMatchObject({ plugin: "second", input: '"kept"' });
  again.complete();
  await world.settle();
  expect(await world.job(id)).toMatchObject({ status: "completed" });
  expect(await world.kinds(id)).toEqual(["started", "progress", "progress", "completed"]);
});

test("listeners learn that an interrupted job is queued, and that it runs again", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const heard: string[] = [];
  engine.listenToAll((each) => {
    if (each.kind === "job" && each.change.kind === "changed") heard.push(each.change.status);
  });
  await submit(plugins("first"));
  (await pool.step(1)).interrupt();
  (await pool.step(2)).complete();
  await world.settle();
  expect(heard).toEqual(["queued", "running", "queued", "running", "completed"]);
});

test("listeners do not learn that a cancelled job is queued", async () => {
  const { engine, pool, submit } = await world.startEngine({ obeysStop: false });
  const heard: string[] = [];
  engine.listenToAll((each) => {
    if (each.kind === "job" && each.change.kind === "changed") heard.push(each.change.status);
  });
  const id = await submit(plugins("first"));
  const step = await pool.step(1);
  await engine.cancel(id);
  step.interrupt();
  await world.settle();
  expect(heard).toEqual(["queued", "running", "failed"]);
});

test("a step whose process ended three times is not started a fourth time", async () => {
  const { pool, submit } = await world.startEngine({ run: (step) => step.interrupt() });
  const id = await submit(plugins("first"));
  await world.settle();
  expect(pool.begun).toHaveLength(MAX_STEP_ATTEMPTS);
  expect(await world.job(id)).toMatchObject({ failure: { code: "STEP_INTERRUPTED" } });
});

test("a cancelled job whose process ended stays cancelled", async () => {
  const { engine, pool, submit } = await world.startEngine({ obeysStop: false });
  const id = await submit(plugins("first"));
  const step = await pool.step(1);
  await engine.cancel(id);
  step.interrupt();
  await world.settle();
  expect(pool.begun).toHaveLength(1);
  expect(await world.job(id)).toMatchObject({ failure: { code: "CANCELLED" } });
});

test("a poison job does not delay the job behind it", async () => {
  const engines = [await world.startEngine({ threads: 1 })];
  await engines[0]?.submit({ name: "poison" });
  await engines[0]?.pool.step(1);
  const next = await engines[0]?.submit({ name: "next" });
  for (let i = 1; i < MAX_STEP_ATTEMPTS; i += 1) {
    const engine = await world.startEngine({ threads: 1 });
    await engine.pool.step(1);
  }
  await world.startEngine({ threads: 1, run: (step) => step.complete() });
  await world.settle();
  expect((await world.job(next ?? "")).status).toBe("completed");
});

test("interruptions of one step do not count against the next", async () => {
  const first = await world.startEngine();
  const id = await first.submit(plugins("first", "second"));
  await first.pool.step(1);
  const second = await world.startEngine();
  (await second.pool.step(1)).complete();
  await second.pool.step(2);
  expect((await world.job(id)).stepAttempts).toBe(1);
});

/** Fails the commits that the test selects. */
function failCommits(fault: (transition: Transition) => Error | null) {
  return (store: Store): Store =>
    interceptCalls(store, async (call, name, args) => {
      const [, transition] = args as Parameters<Store["commitTransition"]>;
      const error = name === "commitTransition" ? fault(transition) : null;
      if (error !== null) throw error;
      return call();
    });
}

const FULL = new Transient("STORE_DISK_FULL", "The disk is full.");
const TEN_MINUTES = 10 * 60_000;

test("a result that the store cannot write yet is kept, and its step does not run again", async () => {
  let broken = true;
  const { pool, submit, logged } = await world.startEngine({
    intercept: failCommits((transition) => (broken && "step" in transition ? FULL : null)),
  });
  const id = await submit(plugins("first", "second"));
  (await pool.step(1)).complete("kept");
  await world.runUntil(world.clock.now() + TEN_MINUTES);
  expect((await world.job(id)).status).toBe("running");
  expect(pool.begun).toHaveLength(1);
  broken = false;
  await world.runUntil(world.clock.now() + 5_000);
  expect((await pool.step(2)).task.input).toBe('"kept"');
  expect(logged.map(({ message }) => message)).toEqual([
    "store.writes-postponed",
    "store.writes-resumed",
  ]);
});

test("while results cannot be written, no more jobs run than there are threads", async () => {
  let broken = true;
  const { pool, submit } = await world.startEngine({
    threads: 2,
    run: (step) => step.complete(),
    intercept: failCommits((transition) => (broken && "step" in transition ? FULL : null)),
  });
  const ids = [];
  for (let n = 0; n < 10; n += 1) ids.push(await submit());
  await world.runUntil(world.clock.now() + TEN_MINUTES);
  // Those that had a thread when the first commits failed, and the first ones.
  expect(pool.begun.length).toBeLessThanOrEqual(4);
  broken = false;
  await world.runUntil(world.clock.now() + 60_000);
  for (const id of ids) expect((await world.job(id)).status).toBe("completed");
  expect(pool.begun).toHaveLength(10);
});

test("a job whose result cannot be written yet can be cancelled", async () => {
  const { engine, pool, submit } = await world.startEngine({
    intercept: failCommits((transition) => ("step" in transition ? FULL : null)),
  });
  const id = await submit();
  (await pool.step(1)).complete();
  await world.runUntil(world.clock.now() + 1_000);
  await engine.cancel(id);
  await world.runUntil(world.clock.now() + TEN_MINUTES);
  expect(pool.begun).toHaveLength(1);
  expect(await world.kinds(id)).toEqual(["started", "failed"]);
});

test("a step whose transitions cannot be stored runs three times, and not more", async () => {
  const { pool, submit } = await world.startEngine({
    run: (step) => step.complete(),
    intercept: failCommits((transition) =>
      "step" in transition ? new RangeError("too long") : null,
    ),
  });
  const id = await submit();
  await world.runUntil(world.clock.now() + TEN_MINUTES);
  expect(pool.begun).toHaveLength(MAX_STEP_ATTEMPTS);
  expect(await world.job(id)).toMatchObject({
    status: "failed",
    failure: { code: "STEP_INTERRUPTED" },
  });
});

test("a step runs again soon after its write failed", async () => {
  let failures = 2;
  const { pool, submit } = await world.startEngine({
    run: (step) => step.complete(),
    intercept: failCommits((transition) =>
      "step" in transition && failures-- > 0 ? new RangeError("too long") : null,
    ),
  });
  const id = await submit();
  await world.runUntil(world.clock.now() + 1_000);
  expect(pool.begun).toHaveLength(2);
  expect((await world.job(id)).status).toBe("completed");
});

test("a result that the store refuses fails the job, and the step does not run again", async () => {
  const { pool, submit, logged } = await world.startEngine({
    run: (step) => step.complete(),
    intercept: failCommits((transition) =>
      "step" in transition && transition.step?.index === 1 && transition.step.status === "completed"
        ? new RangeError("Invalid string length")
        : null,
    ),
  });
  const id = await submit(plugins("first", "second"));
  await world.runUntil(world.clock.now() + 60_000);
  expect(pool.begun).toHaveLength(2);
  const { status, failure, steps } = await world.job(id);
  expect({ status, code: failure?.code }).toEqual({ status: "failed", code: "INTERNAL_ERROR" });
  expect(failure?.message).toContain('plugin "second"');
  // The error's own text is only in the log.
  expect(failure?.message).not.toContain("Invalid string length");
  expect(steps).toMatchObject([
    { status: "completed" },
    { plugin: "second", status: "failed", failure },
  ]);
  expect(await world.kinds(id)).toEqual(["started", "progress", "failed"]);
  expect(logged.map(({ message }) => message)).toContain("job.write-failed");
});

test("a start that could not be stored is stored before the next transition, and the step does not run again", async () => {
  let failures = 0;
  const { pool, submit } = await world.startEngine({
    intercept: failCommits(() => (failures++ === 0 ? FULL : null)),
  });
  const id = await submit();
  const step = await pool.step(1);
  await world.settle();
  step.complete();
  await world.runUntil(world.clock.now() + 60_000);
  expect(pool.begun).toHaveLength(1);
  expect(await world.kinds(id)).toEqual(["started", "progress", "completed"]);
});

test("a start that is lost while its step ends leaves no gap, and the step does not run again", async () => {
  let failures = 0;
  const { pool, submit } = await world.startEngine({
    run: (step) => step.complete(),
    intercept: failCommits(() => (failures++ === 0 ? FULL : null)),
  });
  const id = await submit();
  await world.runUntil(world.clock.now() + 60_000);
  expect(await world.kinds(id)).toEqual(["started", "progress", "completed"]);
  expect(pool.begun).toHaveLength(1);
});

test("a result that was sent before the start's write failed is kept", async () => {
  const resultSent = Promise.withResolvers<void>();
  let commits = 0;
  const { pool, submit } = await world.startEngine({
    run: (step) => step.complete("kept"),
    intercept: (store) =>
      interceptCalls(store, async (call, name) => {
        if (name !== "commitTransition") return call();
        commits += 1;
        if (commits === 1) {
          await resultSent.promise;
          throw FULL;
        }
        if (commits === 2) resultSent.resolve();
        return call();
      }),
  });
  const id = await submit();
  await world.runUntil(world.clock.now() + 60_000);
  expect(await world.kinds(id)).toEqual(["started", "progress", "completed"]);
  expect(await world.job(id)).toMatchObject({ status: "completed", stepAttempts: 1 });
  expect(pool.begun).toHaveLength(1);
});

test("the last attempt of a step is logged, because it runs alone", async () => {
  const before = await world.startEngine();
  await before.submit();
  await before.pool.step(1);
  for (let attempt = 2; attempt <= MAX_STEP_ATTEMPTS; attempt += 1) {
    const { pool, logged } = await world.startEngine();
    await pool.step(1);
    const isLast = attempt === MAX_STEP_ATTEMPTS;
    const messages = logged.map(({ message }) => message);
    expect(messages.includes("job.last-attempt")).toBe(isLast);
  }
});

test("a job's start is when it began, not when it was claimed ahead and released", async () => {
  const engine = await world.startEngine({ threads: 1 });
  const [id = ""] = await claimAhead(world, engine, 1);
  const { pool } = engine;
  await world.runUntil(world.clock.now() + 60_000);
  expect(await world.job(id)).toMatchObject({ status: "queued", startedAt: null });
  const beganAt = world.clock.now();
  pool.begun[1]?.complete();
  await pool.step(3);
  await world.settle();
  expect((await world.job(id)).startedAt).toBe(beganAt);
  expect(await world.store.events(id, { after: 0, limit: 1 })).toMatchObject([{ at: beganAt }]);
});

test("a long step keeps its lease while it runs", async () => {
  const { pool, submit } = await world.startEngine();
  const id = await submit();
  const step = await pool.step(1);
  await world.runUntil(world.clock.now() + 10 * 60_000);
  expect(pool.begun).toHaveLength(1);
  step.complete();
  await world.settle();
  expect((await world.job(id)).status).toBe("completed");
});

test("a step knows which plugin its input comes from", async () => {
  const { pool, submit } = await world.startEngine();
  await submit(plugins("first", "second"));
  const first = await pool.step(1);
  expect(first.task.inputFrom).toBeNull();
  first.complete();
  expect((await pool.step(2)).task.inputFrom).toBe("first");
});

test("the remaining timeoutMs passes from step to step", async () => {
  const { pool, submit } = await world.startEngine();
  await submit({ ...plugins("first", "second"), timeoutMs: 10_000 });
  const first = await pool.step(1);
  expect(first.task.jobTimeoutMs).toBe(10_000);
  await world.runUntil(world.clock.now() + 4_000);
  first.complete();
  expect((await pool.step(2)).task.jobTimeoutMs).toBe(6_000);
});

test("a retried job has the part of timeoutMs that its completed steps did not use", async () => {
  const { engine, pool, submit } = await world.startEngine();
  const id = await submit({ ...plugins("first", "second"), timeoutMs: 10_000 });
  const first = await pool.step(1);
  await world.runUntil(world.clock.now() + 4_000);
  first.complete();
  (await pool.step(2)).fail("JOB_TIMEOUT");
  await world.runUntil(world.clock.now() + 60_000);
  await engine.retry(id);
  expect((await pool.step(3)).task.jobTimeoutMs).toBe(6_000);
});

test("a plugin's log lines are stored with the number of their step", async () => {
  const { pool, submit } = await world.startEngine();
  const id = await submit(plugins("first", "second"));
  (await pool.step(1)).complete();
  const second = await pool.step(2);
  second.hooks.onLog([{ at: 1, level: "info", message: "hello", data: null }]);
  second.complete();
  await world.settle();
  expect(await world.store.logs(id, { after: 0, limit: 10 })).toMatchObject([
    { step: 1, level: "info", message: "hello" },
  ]);
});

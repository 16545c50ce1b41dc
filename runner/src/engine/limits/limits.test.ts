/** Jobs whose plugins limit how many of their steps run at the same time. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createWorld,
  interceptCalls,
  plugins,
  type EngineInTest,
  type World,
} from "../../../test/support/engine.ts";
import { Transient } from "../../domain/errors.ts";
import { toRetryPolicy } from "../../domain/step-retry.ts";
import type { LimitsRequest } from "../../domain/plugin-limits.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

const PER_DOMAIN = { first: { perKey: { key: "input.domain", concurrency: 1 } } };
const ONE = { first: { concurrency: 1 } };

/** The jobs whose steps have begun, in order. */
function begun({ pool }: EngineInTest): string[] {
  return pool.begun.map(({ task }) => task.jobId);
}

async function start(
  limits: Readonly<Record<string, LimitsRequest>>,
  more: Parameters<World["startEngine"]>[0] = {},
): Promise<EngineInTest> {
  const daemon = await world.startEngine({ threads: 4, limits, ...more });
  await world.settle();
  return daemon;
}

test("no more jobs run than the limit allows, and the next one begins when one has ended", async () => {
  const daemon = await start(ONE);
  const ids = await Promise.all([daemon.submit(), daemon.submit(), daemon.submit()]);
  const free = await daemon.submit(plugins("second"));
  await world.settle();
  expect(begun(daemon).toSorted()).toEqual([ids[0], free].toSorted());
  const { waitingFor } = await world.job(ids[1]);
  expect(daemon.engine.explainWait(waitingFor!)).toBe(
    'Limit "first" lets 1 step run at the same time, and 1 does now. It is the next of the jobs that wait.',
  );
  for (const id of ids) {
    await world.settle();
    expect(begun(daemon).at(-1) === id || id === ids[0]).toBe(true);
    daemon.pool.begun.find(({ task }) => task.jobId === id)!.complete();
  }
  await world.settle();
  for (const id of ids) expect((await world.job(id)).status).toBe("completed");
});

test("a key is read from the input when the job is accepted, and each has its own slots", async () => {
  const daemon = await start(PER_DOMAIN);
  const submit = (domain: string) => daemon.submit({ input: { domain } });
  const [a, waiting, b] = [await submit("a"), await submit("a"), await submit("b")];
  await world.settle();
  expect(begun(daemon)).toEqual([a, b]);
  const { waitingFor, spec } = await world.job(waiting);
  expect(spec.limits).toEqual([{ name: "first", key: "a" }]);
  expect(daemon.engine.explainWait(waitingFor!)).toBe(
    'Limit "first" lets 1 step of jobs with the key "a" run at the same time, and 1 does now. It is the next of the jobs of its key that wait.',
  );
});

test("the jobs of a batch have keys too", async () => {
  const daemon = await start(PER_DOMAIN);
  const job = {
    ...plugins("first"),
    input: { domain: "a" },
    webhook: null,
    name: null,
    metadata: {},
    priority: 0,
    runAt: null,
    timeoutMs: null,
    idempotencyKey: null,
  };
  await daemon.engine.submitBatch({ jobs: [job, job], webhook: null, idempotencyKey: null });
  await world.settle();
  expect(begun(daemon)).toHaveLength(1);
});

test("plugins that give the same name share a limit", async () => {
  const shared = { name: "model", concurrency: 1 };
  const daemon = await start({ first: shared, second: shared });
  const [first, second] = [await daemon.submit(), await daemon.submit(plugins("second"))];
  await world.settle();
  expect(begun(daemon)).toEqual([first]);
  daemon.pool.begun[0]!.complete();
  await world.settle();
  expect(begun(daemon)).toEqual([first, second]);
});

test("a job has a slot only while its step of the limit runs", async () => {
  const daemon = await start({ second: { concurrency: 1 } });
  const chain = plugins("first", "second", "third");
  const [one, two] = [await daemon.submit(chain), await daemon.submit(chain)];
  await world.settle();
  const stepOf = (id: string, plugin: string) =>
    daemon.pool.begun.find(({ task }) => task.jobId === id && task.plugin === plugin);
  for (const id of [one, two]) stepOf(id, "first")!.complete();
  await world.settle();
  expect([stepOf(one, "second"), stepOf(two, "second")].filter(Boolean)).toHaveLength(1);
  const [ahead, behind] = stepOf(one, "second") ? [one, two] : [two, one];
  expect(await world.job(behind)).toMatchObject({
    status: "queued",
    stepAttempts: 0,
    waitingFor: { kind: "limit", on: "second" },
  });
  stepOf(ahead, "second")!.complete();
  await world.settle();
  stepOf(ahead, "third")!.complete();
  stepOf(behind, "second")!.complete();
  await world.settle();
  stepOf(behind, "third")!.complete();
  await world.settle();
  for (const id of [one, two]) {
    expect(await world.kinds(id)).toEqual([
      "started",
      "progress",
      "progress",
      "progress",
      "completed",
    ]);
  }
});

test("a job that waits for its next attempt has no slot", async () => {
  const retry = toRetryPolicy({ attempts: 2, backoff: { delayMs: 1_000, jitter: 0 } });
  const daemon = await start(ONE, { pluginRetry: retry });
  const [failing, next] = [await daemon.submit(), await daemon.submit()];
  await world.settle();
  daemon.pool.begun[0]!.fail();
  await world.settle();
  expect(begun(daemon)).toEqual([failing, next]);
  await world.runUntil(world.clock.now() + 1_500);
  expect((await world.job(failing)).waitingFor).toMatchObject({ kind: "limit", on: "first" });
  daemon.pool.begun[1]!.complete();
  await world.settle();
  expect(begun(daemon)).toEqual([failing, next, failing]);
});

test("a job that is cancelled lets the next one run", async () => {
  const daemon = await start(ONE);
  const [first, second] = [await daemon.submit(), await daemon.submit()];
  await world.settle();
  await daemon.engine.cancel(first);
  await world.settle();
  expect(begun(daemon)).toEqual([first, second]);
});

test("a limit that is changed in the plugin's file applies to jobs that wait", async () => {
  const limits: Record<string, LimitsRequest> = { ...ONE };
  const daemon = await start(limits, { listed: ["first"] });
  const ids = [await daemon.submit(), await daemon.submit(), await daemon.submit()];
  await world.settle();
  expect(begun(daemon)).toEqual([ids[0]]);
  limits["first"] = { concurrency: 3 };
  daemon.changePlugins();
  await world.settle();
  expect(begun(daemon)).toEqual(ids);
});

test("a job whose plugin can be loaded again when its wait is over still waits for a slot", async () => {
  const broken = new Set(["first"]);
  const daemon = await start(ONE, { broken, pluginWaitMs: 1_000 });
  const ids = [await daemon.submit(), await daemon.submit()];
  await world.settle();
  broken.clear();
  daemon.changePlugins();
  await world.settle();
  expect(begun(daemon)).toEqual([ids[0]]);
});

test("a job that waits for the rate of its limit begins at the instant at which it may", async () => {
  const daemon = await start({ first: { rate: "1/m", burst: 2 } });
  const ids = [await daemon.submit(), await daemon.submit(), await daemon.submit()];
  await world.settle();
  expect(begun(daemon)).toEqual(ids.slice(0, 2));
  const since = world.clock.now();
  await world.runUntil(since + 59_000);
  expect(begun(daemon)).toEqual(ids.slice(0, 2));
  // The rate is exact to a millisecond, and no look comes by chance at this one.
  await world.runUntil(since + 60_000);
  expect(begun(daemon)).toEqual(ids);
});

test("jobs begin when their limit is resumed, when its pause ends, and when it allows more", async () => {
  const daemon = await start(ONE, { listed: ["first"] });
  const { limits } = daemon.engine;
  await limits.pause("first", { key: null, until: null, forMs: null }, "operator");
  const ids = [await daemon.submit(), await daemon.submit(), await daemon.submit()];
  await world.settle();
  expect(begun(daemon)).toEqual([]);
  await limits.resume("first", null, "operator");
  await world.settle();
  expect(begun(daemon)).toEqual(ids.slice(0, 1));
  await limits.pause("first", { key: null, until: null, forMs: 90_500 }, "operator");
  await limits.override("first", { concurrency: 2 }, "operator");
  const since = world.clock.now();
  await world.runUntil(since + 90_000);
  expect(begun(daemon)).toEqual(ids.slice(0, 1));
  await world.runUntil(since + 90_500);
  expect(begun(daemon)).toEqual(ids.slice(0, 2));
  await limits.override("first", { concurrency: 3 }, "operator");
  await world.settle();
  expect(begun(daemon)).toEqual(ids);
});

test("a job says what its limit lets it wait for", async () => {
  const keyed = { rate: "1/m", perKey: { key: "input.domain", concurrency: 5 } };
  const daemon = await start({ first: keyed }, { listed: ["first"] });
  const submit = () => daemon.submit({ input: { domain: "a" } });
  const [, one, two, three] = [await submit(), await submit(), await submit(), await submit()];
  await world.settle();
  const explain = async (id: string) =>
    daemon.engine.explainWait((await world.job(id)).waitingFor!);
  const at = new Date(world.clock.now() + 60_000).toISOString();
  expect(await explain(one)).toBe(
    `Limit "first" lets steps begin at a rate of 1/m, and the next one begins at ${at}. It is the next of the jobs of its key that wait.`,
  );
  const pause = { key: "a", until: Date.parse(at), forMs: null };
  await daemon.engine.limits.pause("first", pause, "operator");
  expect(await explain(two)).toBe(
    `Limit "first" is paused for the steps of jobs with the key "a" until ${at}. 1 job of its key waits before it.`,
  );
  await daemon.engine.limits.pause("first", { key: null, until: null, forMs: null }, "operator");
  expect(await explain(three)).toBe(
    'Limit "first" is paused until it is resumed. 2 jobs of its key wait before it.',
  );
});

test("a plugin pauses the key of its job, another one or the whole limit, and its step goes on", async () => {
  const daemon = await start(
    { first: { perKey: { key: "input.domain", concurrency: 1 } } },
    { listed: ["first"] },
  );
  const submit = (domain: string) => daemon.submit({ input: { domain } });
  const [a, a2, b] = [await submit("a"), await submit("a"), await submit("b")];
  await world.settle();
  expect(begun(daemon)).toEqual([a, b]);
  const since = world.clock.now();
  const [step] = daemon.pool.begun;
  step!.hooks.onLimitPause?.({ forMs: 60_000 });
  // It does not shorten the pause.
  step!.hooks.onLimitPause?.({ forMs: 1_000 });
  step!.hooks.onLimitPause?.({ forMs: 90_000, key: "c" });
  step!.complete();
  const c = await submit("c");
  await world.settle();
  expect((await world.job(a)).status).toBe("completed");
  expect(begun(daemon)).toEqual([a, b]);
  const { pausedKeys } = await daemon.engine.limits.get("first");
  expect(pausedKeys).toMatchObject([
    { key: "a", until: since + 60_000, by: "first" },
    { key: "c", until: since + 90_000 },
  ]);
  await world.runUntil(since + 60_000);
  expect(begun(daemon)).toEqual([a, b, a2]);
  daemon.pool.begun[2]!.hooks.onLimitPause?.({ forMs: 60_000, key: null });
  await world.runUntil(since + 119_000);
  expect(begun(daemon)).toEqual([a, b, a2]);
  await world.runUntil(since + 121_000);
  expect(begun(daemon)).toEqual([a, b, a2, c]);
});

test("a plugin's pause that could not be stored is stored when the store can write again", async () => {
  let isFull = true;
  const daemon = await start(PER_DOMAIN, {
    intercept: (store) =>
      interceptCalls(store, async (call, name) => {
        if (isFull && name === "pauseLimit") throw new Transient("STORE_DISK_FULL", "ENOSPC");
        return call();
      }),
  });
  await daemon.submit({ input: { domain: "a" } });
  await world.settle();
  const since = world.clock.now();
  daemon.pool.begun[0]!.hooks.onLimitPause?.({ forMs: 60_000 });
  await world.settle();
  expect((await daemon.engine.limits.get("first")).pausedKeys).toEqual([]);
  isFull = false;
  await world.runUntil(since + 1_000);
  const { pausedKeys } = await daemon.engine.limits.get("first");
  expect(pausedKeys).toMatchObject([{ key: "a", until: since + 60_000 }]);
});

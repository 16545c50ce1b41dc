/** Jobs whose plugins limit how many of their steps run at the same time. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createWorld,
  plugins,
  type EngineInTest,
  type World,
} from "../../../test/support/engine.ts";
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
    'Limit "first" lets 1 step run at the same time, and 1 does now.',
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
    'Limit "first" lets 1 step of jobs with the key "a" run at the same time, and 1 does now.',
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

import { afterEach, expect, test } from "vitest";
import { HOOK, type EngineScript } from "../../../test/support/engine.ts";
import { startTwoDaemons, type TwoDaemons } from "../../../test/support/two-daemons.ts";
import { joinLocally } from "../../../test/support/join-locally.ts";

const WAIT_MS = 5_000;
const WITHOUT_FIRST = { broken: new Set(["first"]), threads: 1, pluginWaitMs: WAIT_MS };

let daemons: TwoDaemons;
afterEach(() => daemons.world.close());

test("a daemon without a plugin leaves its jobs to one that has it, however long that takes", async () => {
  daemons = await startTwoDaemons(joinLocally(2), {
    first: WITHOUT_FIRST,
    second: { threads: 1, pluginWaitMs: WAIT_MS },
  });
  const { first, second, world, reach } = daemons;
  const [, waiting] = [await first.submit(), await first.submit()];
  await reach("the first job's step", () => second.pool.begun.length === 1);
  await world.runUntil(world.clock.now() + 2 * WAIT_MS);
  const job = await world.job(waiting);
  expect(job).toMatchObject({ status: "queued", waitingFor: { kind: "plugin", on: "first" } });
  if (job.waitingFor === null) throw new Error("The job does not wait.");
  expect(first.engine.explainWait(job.waitingFor)).toBe(
    'This daemon cannot load plugin "first". Another one can, and runs the job when it has a free thread.',
  );
  const { facts } = await first.engine.status();
  expect(facts.waiting).toMatchObject([{ on: "first", reason: null }]);
  second.pool.begun[0]?.complete();
  await reach("the second job's step", () => second.pool.begun.length === 2);
  expect(first.pool.begun).toEqual([]);
});

test("the wait for a plugin ends when the daemon that had it has stopped", async () => {
  daemons = await startTwoDaemons(joinLocally(2), { first: WITHOUT_FIRST, second: { threads: 0 } });
  const { first, second, world, reach } = daemons;
  const id = await first.submit();
  await world.runUntil(world.clock.now() + 2 * WAIT_MS);
  expect((await world.job(id)).status).toBe("queued");
  const stopped = second.engine.stop({ graceMs: 0 });
  await reach("the second daemon to stop", async () => {
    await stopped;
    return true;
  });
  const tookMs = await reach(
    "the job to fail",
    async () => (await world.job(id)).status === "failed",
  );
  expect(tookMs).toBeLessThanOrEqual(2 * WAIT_MS + 2_000);
  expect(tookMs).toBeGreaterThanOrEqual(WAIT_MS);
  expect((await world.job(id)).failure).toMatchObject({ code: "PLUGIN_BROKEN" });
});

test("what a silent daemon had runs again elsewhere within four seconds, and it stops", async () => {
  let isSilent = false;
  daemons = await startTwoDaemons(joinLocally(2), {
    second: {
      intercept: (store) => ({
        ...store,
        beat: (beat) => (isSilent ? Promise.reject(new Error("No connection.")) : store.beat(beat)),
      }),
    },
  });
  const { first, second, world, reach } = daemons;
  const id = await first.submit();
  await reach("the step", () => second.pool.begun.length === 1);
  const fence = (await world.job(id)).fence;
  isSilent = true;
  const tookMs = await reach(
    "the job to be freed",
    async () => (await world.job(id)).fence > fence,
  );
  expect(tookMs).toBeLessThanOrEqual(4_000);
  await reach("the step to be stopped", () => second.pool.begun[0]?.hooks.signal.aborted ?? false);
  isSilent = false;
});

test("a daemon that the others do not hear begins no step and sends nothing", async () => {
  let isSilent = false;
  const intercept: EngineScript["intercept"] = (store) => ({
    ...store,
    beat: (beat) => (isSilent ? Promise.reject(new Error("No connection.")) : store.beat(beat)),
  });
  daemons = await startTwoDaemons(joinLocally(2), {
    first: { intercept },
    second: { intercept, threads: 2 },
  });
  const { first, second, world, reach } = daemons;
  const webhook = { ...HOOK, on: ["completed"] as const };
  const id = await first.submit({ webhook });
  await reach("the step", () => second.pool.begun.length === 1);
  isSilent = true;
  await world.runUntil(world.clock.now() + 5_000);
  await first.submit({ webhook });
  second.pool.begun[0]?.complete();
  await reach("the end", async () => (await world.job(id)).status === "completed");
  await world.runUntil(world.clock.now() + 5_000);
  const sent = (): number => first.sender.sent.length + second.sender.sent.length;
  expect([second.pool.begun.length, sent()]).toEqual([1, 0]);
  isSilent = false;
  await reach("the event", () => sent() === 1);
  await reach("the other step", () => second.pool.begun.length === 2);
});

test("a daemon that stops gives its jobs to the others at once", async () => {
  daemons = await startTwoDaemons(joinLocally(2), {
    first: { threads: 1 },
    second: { threads: 1 },
  });
  const { first, second, reach } = daemons;
  await Promise.all([first.submit(), first.submit()]);
  await reach("both steps", () => first.pool.begun.length + second.pool.begun.length === 2);
  void second.engine.stop({ graceMs: 0 });
  first.pool.begun[0]?.complete();
  expect(await reach("the other's job", () => first.pool.begun.length === 2)).toBe(0);
});

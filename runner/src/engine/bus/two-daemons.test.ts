import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDeafBus } from "../../../test/support/deaf-bus.ts";
import { createWorld, HOOK, plugins, REQUEST } from "../../../test/support/engine.ts";
import { answered } from "../../../test/support/scripted-sender.ts";
import { JOININGS, startTwoDaemons, type TwoDaemons } from "../../../test/support/two-daemons.ts";
import type { Engine, LiveChange } from "../engine.ts";
import type { Bus, BusMessage } from "../../ports/bus.ts";
import { createSessions } from "../../secrets/sessions.ts";
import { createKnownTokens } from "../../secrets/known-tokens.ts";
import { createTokenList } from "../../secrets/token-list.ts";
import { createLocalBus } from "../../system/local-bus.ts";
import { joinLocally } from "../../../test/support/join-locally.ts";

const NEVER = new AbortController().signal;

describe.each(JOININGS)("two daemons $name", ({ buses, isDeaf, withinMs }) => {
  let daemons: TwoDaemons;
  beforeEach(async () => {
    daemons = await startTwoDaemons(buses());
  });
  afterEach(() => daemons.world.close());

  /** Submits at the first daemon. The step begins at the second. */
  async function begin(request = {}) {
    const { first, second, reach } = daemons;
    const before = second.pool.begun.length;
    const id = await first.submit(request);
    const tookMs = await reach("the step", () => second.pool.begun.length > before);
    expect(tookMs).toBeLessThanOrEqual(withinMs);
    const step = second.pool.begun[before];
    if (step === undefined) throw new Error("No step has begun.");
    return { id, step };
  }

  async function expectSoon(what: string, promise: Promise<unknown>): Promise<void> {
    let isDone = false;
    void promise.then(() => (isDone = true));
    expect(await daemons.reach(what, () => isDone)).toBeLessThanOrEqual(withinMs);
  }

  test("who waits at one for a job that runs at the other is answered", async () => {
    const { id, step } = await begin();
    const waiting = daemons.first.engine.waitForEnd(id, { signal: NEVER });
    await daemons.world.settle();
    step.complete();
    await expectSoon("the answer", waiting);
    expect((await daemons.world.job(id)).status).toBe("completed");
  });

  test("who waits at one for a batch that ends at the other is answered", async () => {
    const { first, second, reach } = daemons;
    const { batchId } = await first.engine.submitBatch({
      jobs: [REQUEST, REQUEST],
      webhook: HOOK,
      idempotencyKey: null,
    });
    const waiting = first.engine.waitForBatch(batchId, { signal: NEVER });
    await reach("the steps", () => second.pool.begun.length === 2);
    for (const step of second.pool.begun) step.complete();
    await expectSoon("the answer", waiting);
    const callbacks = () =>
      [...first.sender.sent, ...second.sender.sent].filter(({ event }) => "jobs" in event);
    await reach("the callback", () => callbacks().length > 0);
    await daemons.world.runUntil(daemons.world.clock.now() + 10_000);
    expect(callbacks()).toHaveLength(1);
  });

  test("who waits at one is answered when the job was deleted at the other", async () => {
    const { id, step } = await begin();
    const waiting = daemons.first.engine.waitForEnd(id, { signal: NEVER });
    step.complete();
    await daemons.second.engine.waitForEnd(id, { signal: NEVER });
    await daemons.second.engine.deleteJob(id, null);
    await expectSoon("the answer", waiting);
  });

  test("a job that one daemon cancels stops at the other", async () => {
    const { first, second, reach, world } = daemons;
    const { id, step } = await begin({ webhook: HOOK });
    await first.engine.cancel(id);
    expect((await world.job(id)).failure?.code).toBe("CANCELLED");
    const tookMs = await reach("the step to be stopped", () => step.hooks.signal.aborted);
    expect(tookMs).toBeLessThanOrEqual(Math.min(withinMs, 1_000));
    step.complete("too late");
    await reach("the events", () => [...first.sender.sent, ...second.sender.sent].length === 2);
    expect(await world.kinds(id)).toEqual(["started", "failed"]);
    const [failed] = await world.store.events(id, { after: 1, limit: 1 });
    expect(JSON.parse(failed!.body)).toMatchObject({ attempts: 1 });
  });

  test("a failed job that one daemon queues again runs at the other", async () => {
    const { first, second, reach } = daemons;
    const { id, step } = await begin();
    step.fail();
    await second.engine.waitForEnd(id, { signal: NEVER });
    await first.engine.retry(id);
    expect(await reach("the step", () => second.pool.begun.length === 2)).toBeLessThanOrEqual(
      withinMs,
    );
  });

  test("the progress of a step is shown at the other daemon, and forgotten after it", async () => {
    const { first, reach } = daemons;
    const { id, step } = await begin(plugins("first", "second"));
    step.hooks.onProgress({ fraction: 0.5, message: "half" });
    if (isDeaf) {
      await daemons.world.runUntil(daemons.world.clock.now() + 5_000);
      expect(first.engine.stepProgress(id)).toBeNull();
      return;
    }
    const shown = () => first.engine.stepProgress(id)?.message ?? null;
    await reach("the progress", () => shown() === "half");
    step.hooks.onProgress({ fraction: 0.6, message: "more" });
    expect(await reach("more progress", () => shown() === "more")).toBeLessThanOrEqual(500);
    step.complete();
    await reach("the second step", () => daemons.second.pool.begun.length === 2);
    expect(shown()).toBeNull();
  });

  test("a token that one daemon adds works at the other, until either removes it", async () => {
    const { first, second, reach } = daemons;
    const accessOf = ({ tokens }: Engine) => ({
      list: createTokenList(tokens!),
      known: createKnownTokens({ ownToken: "own", added: () => tokens!.all() }),
    });
    const one = accessOf(first.engine);
    const two = accessOf(second.engine);
    const ci = { name: "ci", scope: "run", createdAt: "2026-11-23T09:30:00.000Z" } as const;
    const token = await one.list.add(ci);
    expect(one.known.find(token)).toMatchObject({ name: "ci", scope: "run" });
    const limitMs = Math.min(withinMs, 1_000);
    const addedMs = await reach("the token", () => two.known.find(token) !== null);
    expect(addedMs).toBeLessThanOrEqual(limitMs);
    await expect(two.list.add({ ...ci, scope: "admin" })).rejects.toMatchObject({
      code: "TOKEN_EXISTS",
    });
    await two.list.remove("ci");
    expect(two.known.find(token)).toBeNull();
    const removedMs = await reach("its removal", () => one.known.find(token) === null);
    expect(removedMs).toBeLessThanOrEqual(limitMs);
    await expect(one.list.remove("ci")).rejects.toMatchObject({ code: "TOKEN_NOT_FOUND" });
  });

  test("a browser that logs in at one daemon is logged in at the other, until it logs out at either", async () => {
    const { first, second, reach } = daemons;
    const accessOf = ({ sessions: stored }: Engine) => {
      const now = (): number => daemons.world.clock.now();
      const tokens = createKnownTokens({ ownToken: "own", added: () => [] });
      const loginKeys = { redeem: () => false };
      return createSessions({ stored, tokens, loginKeys, lifetimeMs: 60 * 60_000, now });
    };
    const one = accessOf(first.engine);
    const two = accessOf(second.engine);
    const login = async () => (await one.open({ token: "own" }))!.id;
    const [told, asked] = [await login(), await login()];
    const limitMs = Math.min(withinMs, 1_000);
    expect(await reach("the session", () => two.find(told) !== null)).toBeLessThanOrEqual(limitMs);
    const late = await login();
    await two.look(late);
    expect(two.find(late)).toMatchObject({ caller: { scope: "admin" } });
    await two.close(told);
    expect(two.find(told)).toBeNull();
    expect(await reach("the end", () => one.find(told) === null)).toBeLessThanOrEqual(limitMs);
    expect(one.find(asked)).not.toBeNull();
  });

  test("a destination that one daemon reaches again is sent to by the other", async () => {
    await daemons.world.close();
    let isUp = false;
    const held = Promise.withResolvers<void>();
    // After the probe, endless requests use up what one daemon may have in flight.
    const answer = async () => {
      if (!isUp) return answered(500);
      const hasProbed = [...first.sender.sent, ...second.sender.sent].length > before + 1;
      if (hasProbed) await held.promise;
      return answered(200);
    };
    let before = 0;
    daemons = await startTwoDaemons(buses(), {
      first: { answer },
      second: { answer, run: (step) => step.complete() },
    });
    const { first, second, reach, world } = daemons;
    for (let job = 0; job < 20; job += 1) await first.submit({ webhook: HOOK });
    const find = async () => (await world.store.destinationByKey("http://endpoint.test"))?.health;
    await reach("an open circuit", async () => ((await find())?.failuresInRow ?? 0) >= 5);
    const counts = () => [first.sender.sent.length, second.sender.sent.length] as const;
    before = counts()[0] + counts()[1];
    const atOutage = counts();
    isUp = true;
    await reach("the probe", () => counts()[0] + counts()[1] > before);
    const other = counts()[0] > atOutage[0] ? 1 : 0;
    const tookMs = await reach("the other", () => counts()[other] > atOutage[other]);
    expect(tookMs).toBeLessThanOrEqual(withinMs);
    held.resolve();
  });

  test("a destination that one daemon resumes is sent to by the other", async () => {
    await daemons.world.close();
    let isUp = false;
    const answer = () => (isUp ? answered(200) : answered(503, { retryAfter: "3600" }));
    daemons = await startTwoDaemons(buses(), {
      first: { answer, maxDeliveriesInFlight: 0 },
      second: { answer, run: (step) => step.complete() },
    });
    const { first, second, reach, world } = daemons;
    const id = await first.submit({ webhook: HOOK });
    await reach("the first attempt", () => second.sender.sent.length === 1);
    await world.settle();
    isUp = true;
    const { items } = await world.store.deliveries({ jobId: id }, { limit: 10, cursor: null });
    await first.engine.redeliver(items.at(-1)?.id ?? "");
    const tookMs = await reach("the next attempt", () => second.sender.sent.length > 1);
    expect(tookMs).toBeLessThanOrEqual(withinMs);
  });
});

describe("two daemons", () => {
  let daemons: TwoDaemons;
  afterEach(() => daemons.world.close());

  test("are both seen in the live stream of one", async () => {
    daemons = await startTwoDaemons(joinLocally(2), { second: { run: (step) => step.complete() } });
    const heard: LiveChange[] = [];
    daemons.first.engine.listenToAll((change) => heard.push(change));
    await daemons.world.settle();
    const jobId = await daemons.first.submit({ webhook: HOOK });
    await daemons.reach("the delivery", () => heard.some(({ kind }) => kind === "delivery"));
    expect(heard).toContainEqual({
      kind: "job",
      jobId,
      change: expect.objectContaining({ status: "completed" }),
    });
  });

  test("find out by themselves in less than a second while the bus is down", async () => {
    daemons = await startTwoDaemons([createDeafBus("down"), createDeafBus("down")]);
    const { first, second, reach } = daemons;
    const id = await first.submit();
    const begun = await reach("the step", () => second.pool.begun.length === 1);
    let isAnswered = false;
    void first.engine.waitForEnd(id, { signal: NEVER }).then(() => (isAnswered = true));
    second.pool.begun[0]?.complete();
    const waited = await reach("the answer", () => isAnswered);
    expect(Math.max(begun, waited)).toBeLessThanOrEqual(800);
    const heard: LiveChange[] = [];
    first.engine.listenToAll((change) => heard.push(change));
    await reach("a note that changes were missed", () => heard[0]?.kind === "missed");
  });

  test("look at everything when messages can have been lost", async () => {
    const told = new Set<(message: BusMessage) => void>();
    const bus: Bus = {
      ...createDeafBus("up"),
      listen: (listener) => {
        told.add(listener);
        return () => told.delete(listener);
      },
    };
    daemons = await startTwoDaemons([bus, bus]);
    const { first, second, reach } = daemons;
    await first.submit();
    await daemons.world.settle();
    for (const tell of told) tell({ kind: "missed" });
    expect(await reach("the step", () => second.pool.begun.length === 1)).toBe(0);
  });

  /** Seventy jobs that have failed, and a request to delete them. */
  async function failedJobs() {
    const { first, world, reach } = daemons;
    for (let n = 0; n < 70; n += 1) await first.submit();
    const failed = async () => (await world.store.counts()).jobs.failed;
    await reach("the jobs to fail", async () => (await failed()) === 70);
    return { act: "delete", dryRun: false, by: null, jobs: { filter: {} } } as const;
  }

  test("run a bulk act at one of them", async () => {
    daemons = await startTwoDaemons(joinLocally(2), { second: { run: (step) => step.fail() } });
    const { first, second, world, reach } = daemons;
    const { id } = await first.engine.bulkActs.start(await failedJobs());
    const find = () => world.store.bulkAct(id);
    await reach("the end", async () => (await find())?.state === "done");
    expect(await find()).toMatchObject({ matched: 70, done: 70, skipped: 0 });
    const ends = [...first.logged, ...second.logged].filter(
      ({ message }) => message === "bulk.ended",
    );
    expect(ends).toHaveLength(1);
  });

  test("go on with the bulk act of one that is silent", async () => {
    let isSilent = false;
    const { promise: deleted, resolve: answer } = Promise.withResolvers<"unknown">();
    daemons = await startTwoDaemons(joinLocally(2), {
      first: {
        intercept: (store) => ({
          ...store,
          deleteJob: () => deleted,
          beat: (beat) => (isSilent ? Promise.reject(new Error("down")) : store.beat(beat)),
        }),
      },
      second: {
        run: (step) => step.fail(),
        intercept: (store) => ({
          ...store,
          claimBulkAct: async (...args) => (isSilent ? store.claimBulkAct(...args) : null),
        }),
      },
    });
    const { first, world, reach } = daemons;
    const { id } = await first.engine.bulkActs.start(await failedJobs());
    const find = () => world.store.bulkAct(id);
    await reach("its first slice", async () => (await find())?.pending.length === 20);
    const { owner } = (await find())!;
    await world.runUntil(world.clock.now() + 20_000);
    expect(await find()).toMatchObject({ state: "running", owner });
    isSilent = true;
    const tookMs = await reach("the end", async () => (await find())?.state === "done");
    expect(tookMs).toBeLessThanOrEqual(6_000);
    expect(await find()).toMatchObject({ matched: 70, done: 70, skipped: 0 });
    answer("unknown");
    isSilent = false;
    await world.settle();
    expect(await find()).toMatchObject({ state: "done", done: 70 });
  });

  test("share a destination's rate", async () => {
    daemons = await startTwoDaemons(joinLocally(2), {
      second: { run: (step) => step.complete() },
    });
    const { first, second, world, reach } = daemons;
    await first.engine.webhooks.register({
      url: "http://endpoint.test/rated",
      on: ["completed"],
      ratePerSecond: 2,
    });
    for (let job = 0; job < 20; job += 1) await first.submit();
    const sent = () => [...first.sender.sent, ...second.sender.sent].map(({ at }) => at);
    await reach("all events", () => sent().length === 20);
    const from = Math.min(...sent());
    for (const at of sent()) {
      const until = sent().filter((each) => each <= at).length;
      // Two at once, then two a second.
      expect(until).toBeLessThanOrEqual(2 + (2 * (at - from)) / 1_000);
    }
    expect(world.clock.now() - from).toBeGreaterThanOrEqual(8_900);
  });

  test("send one probe to an endpoint that is down", async () => {
    const answer = () => answered(500);
    daemons = await startTwoDaemons(joinLocally(2), {
      first: { answer },
      second: { answer, run: (step) => step.complete() },
    });
    const { first, second, world, reach } = daemons;
    for (let job = 0; job < 20; job += 1) await first.submit({ webhook: HOOK });
    const sent = () => first.sender.sent.length + second.sender.sent.length;
    await reach("the circuit to open", async () => {
      const found = await world.store.destinationByKey("http://endpoint.test");
      return found?.health.failuresInRow === 5;
    });
    const before = sent();
    await world.runUntil(world.clock.now() + 5_000);
    expect(sent() - before).toBe(1);
  });
});

test("a daemon that is alone sends no message, and reads nothing to find out about others", async () => {
  const calls: string[] = [];
  const world = await createWorld({
    buses: [{ ...createLocalBus(), send: () => calls.push("send") }],
  });
  const { engine, pool, submit } = await world.startEngine({
    intercept: (store) => ({
      ...store,
      positions: async () => {
        calls.push("positions");
        return [];
      },
    }),
  });
  const id = await submit({ webhook: HOOK });
  const waiting = engine.waitForEnd(id, { signal: NEVER });
  engine.listenToAll(() => {});
  (await pool.step(1)).hooks.onProgress({ fraction: 0.5, message: null });
  expect(engine.stepProgress(id)?.fraction).toBe(0.5);
  await world.runUntil(world.clock.now() + 20_000);
  pool.begun[0]?.complete();
  await waiting;
  await world.close();
  expect(calls).toEqual([]);
});

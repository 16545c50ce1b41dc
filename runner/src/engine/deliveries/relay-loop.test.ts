import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWorld, HOOK, type World } from "../../../test/support/engine.ts";
import { answered, NO_ANSWER } from "../../../test/support/scripted-sender.ts";
import { until } from "../../../test/support/until.ts";
import type { Answer } from "../../domain/delivery.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

const complete = (step: { complete(): void }): void => step.complete();
const ONE = { ...HOOK, on: ["completed"] as const };
const ABORTED: Answer = { kind: "failed", code: "ABORTED", message: "the destination was paused" };
const ALL = { limit: 100, cursor: null };

test("first attempts are made before retries that became due earlier", async () => {
  const blocked = Promise.withResolvers<Answer>();
  const { sender, submit } = await world.startEngine({
    run: complete,
    maxDeliveriesInFlight: 1,
    answer: ({ event }) => {
      if (event.jobName === "blocks") return blocked.promise;
      return answered(event.jobName === "fails" && sender.sent.length === 1 ? 500 : 200);
    },
  });
  await submit({ name: "fails", webhook: ONE });
  await world.settle();
  await submit({ name: "blocks", webhook: ONE });
  await world.runUntil(world.clock.now() + 2_000);
  await submit({ name: "new", webhook: ONE });
  await world.settle();
  blocked.resolve(answered(200));
  await until("all four attempts", () => sender.sent.length === 4);
  expect(sender.sent.map(({ event }) => event.jobName)).toEqual([
    "fails",
    "blocks",
    "new",
    "fails",
  ]);
});

test("no attempt begins while the bodies in flight are at the limit", async () => {
  const open: { bytes: number; answer: (answer: Answer) => void }[] = [];
  const seen: { bytes: number; attempts: number }[] = [];
  const { sender, submit } = await world.startEngine({
    run: complete,
    maxBytesInFlight: 6_000,
    answer: ({ outgoing }) =>
      new Promise((answer) => {
        const bytes = open.reduce((sum, each) => sum + each.bytes, 0);
        open.push({ bytes: Buffer.byteLength(outgoing.body), answer });
        seen.push({ bytes, attempts: open.length });
      }),
  });
  const webhook = { ...HOOK, on: ["started"] as const };
  for (const [n, length] of [2_000, 2_000, 2_000, 2_000, 10_000, 2_000, 2_000].entries()) {
    await submit({
      webhook: { ...webhook, url: `http://${n}.test/` },
      input: "ü".repeat(length / 2),
    });
  }
  await until("all to be delivered", async () => {
    await world.settle();
    open.shift()?.answer(answered(200));
    return (await world.store.counts()).deliveries.delivered === 7;
  });
  expect(sender.sent).toHaveLength(7);
  expect(Math.max(...seen.map(({ bytes }) => bytes))).toBeLessThan(6_000);
  expect(Math.max(...seen.map(({ attempts }) => attempts))).toBeGreaterThan(1);
});

test("an endpoint that responds after two seconds has at most sixteen events in flight", async () => {
  const never = { signal: new AbortController().signal };
  const { sender, submit } = await world.startEngine({
    run: complete,
    maxDeliveriesInFlight: 200,
    answer: async () => {
      await world.clock.sleep(2_000, never);
      return answered(200, { tookMs: 2_000 });
    },
  });
  for (let n = 0; n < 200; n += 1) await submit({ webhook: ONE });
  let most = 0;
  for (let seconds = 0; seconds < 30; seconds += 2) {
    await world.settle();
    most = Math.max(most, sender.inFlight());
    world.clock.moveTo(world.clock.now() + 2_000);
  }
  expect(most).toBe(16);
});

describe("an open circuit", () => {
  test("keeps the events, sends nothing for five seconds and uses up no retry", async () => {
    let isDown = true;
    const { engine, sender, submit } = await world.startEngine({
      run: complete,
      answer: () => (isDown ? NO_ANSWER : answered(200)),
    });
    for (let n = 0; n < 5; n += 1) await submit({ webhook: { ...ONE, retries: 0 } });
    await world.settle();
    expect(sender.sent).toHaveLength(5);
    expect(engine.relayState().openDestinations).toBe(1);
    isDown = false;
    for (let n = 0; n < 10; n += 1) await submit({ webhook: { ...ONE, retries: 0 } });
    await world.runUntil(world.clock.now() + 4_999);
    expect(sender.sent).toHaveLength(5);
    await world.runUntil(world.clock.now() + 1);
    expect(sender.sent).toHaveLength(15);
    expect(engine.relayState().openDestinations).toBe(0);
    const { items } = await world.store.deliveries({ state: "delivered" }, ALL);
    expect(items.map(({ attempts }) => attempts)).toEqual(Array.from({ length: 10 }, () => 1));
  });

  test("aborts requests that wait for a connection: their deliveries are due again without a counted attempt", async () => {
    const { sender, submit } = await world.startEngine({
      run: complete,
      maxDeliveriesInFlight: 100,
      answer: async ({ outgoing: { recall } }) => {
        if (sender.sent.length <= 20) return answered(200);
        if (sender.sent.length <= 25) {
          await world.clock.sleep(1_000, { signal: new AbortController().signal });
          return NO_ANSWER;
        }
        return new Promise((resolve) => recall?.addEventListener("abort", () => resolve(ABORTED)));
      },
    });
    for (let n = 0; n < 20; n += 1) await submit({ webhook: ONE });
    await world.settle();
    for (let n = 0; n < 15; n += 1) await submit({ webhook: ONE });
    await until("all to be in flight", () => sender.inFlight() === 15);
    await world.runUntil(world.clock.now() + 1_000);
    await until("none to be in flight", () => sender.inFlight() === 0);
    await world.settle();
    const { items } = await world.store.deliveries({ state: "due" }, ALL);
    const tried = items.filter(({ attempts }) => attempts === 1);
    const untried = items.filter(({ attempts }) => attempts === 0);
    expect([tried.length, untried.length]).toEqual([5, 10]);
  });

  test("allows one attempt at a time, however many deliveries are due", async () => {
    const { sender, submit } = await world.startEngine({
      run: complete,
      answer: async () => {
        await world.clock.sleep(1_000, { signal: new AbortController().signal });
        return NO_ANSWER;
      },
    });
    for (let n = 0; n < 30; n += 1) await submit({ webhook: ONE });
    await world.runUntil(world.clock.now() + 5_000);
    const before = sender.sent.length;
    let most = 0;
    for (let second = 0; second < 30; second += 1) {
      await world.runUntil(world.clock.now() + 1_000);
      most = Math.max(most, sender.inFlight());
    }
    expect(sender.sent.length).toBeGreaterThan(before);
    expect(sender.sent.length - before).toBeLessThanOrEqual(4);
    expect(most).toBeLessThanOrEqual(1);
  });
});

test("many endpoints that never respond do not delay one that does", async () => {
  const { sender, submit } = await world.startEngine({
    threads: 8,
    maxDeliveriesInFlight: 8,
    run: complete,
    answer: async ({ outgoing }) => {
      if (outgoing.url.startsWith("http://good")) return answered(200);
      await world.clock.sleep(30_000, { signal: outgoing.signal });
      return { kind: "failed", code: "TIMEOUT", message: "no answer" };
    },
  });
  for (let n = 0; n < 12; n += 1) {
    for (let job = 0; job < 3; job += 1) {
      await submit({ webhook: { ...ONE, url: `http://dead${n}.test/`, retries: 10 } });
    }
  }
  // Waits until every endpoint is known to fail.
  await world.runUntil(world.clock.now() + 120_000);
  const from = world.clock.now();
  await submit({ webhook: { ...HOOK, url: "http://good.test/" } });
  await world.settle();
  const good = sender.sent.filter(({ outgoing }) => outgoing.url === "http://good.test/");
  expect(good.map(({ at }) => at - from)).toEqual([0, 0, 0]);
});

test("a rate limit spreads the deliveries without using up attempts", async () => {
  const { engine, sender, submit } = await world.startEngine({ run: complete, threads: 8 });
  await engine.webhooks.register({ url: "http://slow.test/", ratePerSecond: 4, on: ["completed"] });
  const from = world.clock.now();
  for (let n = 0; n < 20; n += 1) await submit();
  await world.runUntil(from + 10_000);
  const at = sender.sent.map((sent) => sent.at - from);
  expect(at).toHaveLength(20);
  for (const [first, instant] of at.entries()) {
    const inTheNextSecond = at.filter((other, i) => i >= first && other < instant + 1_000).length;
    expect(inTheNextSecond).toBeLessThanOrEqual(8);
  }
  expect(at.at(-1)).toBeLessThanOrEqual(4_100);
});

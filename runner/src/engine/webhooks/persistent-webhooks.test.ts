/** How an endpoint's responses change its webhook. */
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  beatAt,
  createWorld,
  type EngineInTest,
  type World,
} from "../../../test/support/engine.ts";
import { answered, NO_ANSWER } from "../../../test/support/scripted-sender.ts";
import type { Answer } from "../../domain/delivery.ts";
import { EVENT_KINDS } from "../../domain/event.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

const ENDPOINT = "http://endpoint.test/hook";
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const complete = (step: { complete(): void }): void => step.complete();
const FIFTY = { limit: 50, cursor: null };

/** An engine with one webhook for `completed` events; `say` sets the answer of its endpoint. */
async function start(
  request: { retries?: number; expiresAt?: number } = {},
): Promise<EngineInTest & { id: string; say: (answer: Answer) => void; job: () => Promise<void> }> {
  let current = answered(200);
  const started = await world.startEngine({ run: complete, answer: () => current });
  const { webhook } = await started.engine.webhooks.register({
    url: ENDPOINT,
    on: ["completed"],
    retries: 0,
    ...request,
  });
  return {
    ...started,
    id: webhook.id,
    say: (answer) => void (current = answer),
    async job() {
      await started.submit();
      await world.settle();
    },
  };
}

/** Lets time pass in which the daemon is up. */
async function later(ms: number): Promise<void> {
  const until = world.clock.now() + ms;
  for (let now = world.clock.now(); now < until; now += MINUTE_MS) {
    void world.store.beat(beatAt(now, 2 * MINUTE_MS));
  }
  world.clock.moveTo(until);
  await world.settle();
}

describe("a webhook whose endpoint responds with 410", () => {
  test("is switched off immediately with a reason, and its queued deliveries are given up", async () => {
    const { engine, id, say, job } = await start();
    await engine.webhooks.update(id, { state: "paused" });
    for (let n = 0; n < 3; n += 1) await job();
    say(answered(410));
    await engine.webhooks.update(id, { state: "active" });
    await world.settle();
    expect(await engine.webhooks.get(id)).toMatchObject({
      state: "off",
      reason: "The endpoint responded with 410 Gone.",
    });
    const { items } = await world.store.deliveries({ webhookId: id }, FIFTY);
    expect(items.map(({ state }) => state)).toEqual(["dead", "dead", "dead"]);
  });

  test("gets no events while it is off, and gets new ones after it was switched on", async () => {
    const { engine, id, say, job, sender } = await start();
    say(answered(410));
    await job();
    say(answered(200));
    await job();
    expect(sender.sent).toHaveLength(1);
    await engine.webhooks.update(id, { state: "active" });
    await job();
    expect(sender.sent).toHaveLength(2);
    expect(await engine.webhooks.get(id)).toMatchObject({ state: "active", reason: null });
  });

  test("is switched on when it is registered again", async () => {
    const { engine, id, say, job, sender } = await start();
    say(answered(410));
    await job();
    say(answered(200));
    const again = await engine.webhooks.register({ url: ENDPOINT, on: ["completed"] });
    expect(again.webhook).toMatchObject({ id, state: "active" });
    await job();
    expect(sender.sent).toHaveLength(2);
  });
});

describe("a webhook whose every attempt fails", () => {
  test("is switched off after five days, and not before", async () => {
    const { engine, id, say, job } = await start();
    say(answered(500));
    await job();
    const since = new Date(world.clock.now()).toISOString();
    for (let day = 1; day < 5; day += 1) {
      await later(DAY_MS);
      await job();
    }
    await later(DAY_MS - 1);
    await job();
    expect(await engine.webhooks.get(id)).toMatchObject({ state: "active" });
    // The circuit is open by now, for at most a minute.
    await later(60_001);
    await job();
    expect(await engine.webhooks.get(id)).toMatchObject({
      state: "off",
      reason: `Every attempt has failed since ${since}.`,
    });
  });

  test("stays on while one attempt in five days succeeds", async () => {
    const { engine, id, say, job } = await start();
    for (let day = 0; day < 20; day += 1) {
      say(day % 4 === 3 ? answered(200) : NO_ANSWER);
      await job();
      await later(DAY_MS);
    }
    expect(await engine.webhooks.get(id)).toMatchObject({ state: "active" });
  });

  test("is switched off under load too, when its deliveries have retries and its circuit is open", async () => {
    const { engine, id, say, job } = await start({ retries: 10 });
    say(answered(500));
    for (let hour = 0; hour < 5 * 24 - 1; hour += 1) {
      for (let n = 0; n < 3; n += 1) await job();
      await later(DAY_MS / 24);
    }
    expect(await engine.webhooks.get(id)).toMatchObject({ state: "active" });
    await later(DAY_MS / 12);
    expect(await engine.webhooks.get(id)).toMatchObject({ state: "off" });
  });

  test("stays on when it is used once a week and fails for an hour", async () => {
    const { engine, id, say, job } = await start();
    for (let week = 0; week < 4; week += 1) {
      say(answered(500));
      for (let n = 0; n < 20; n += 1) await job();
      await later(7 * DAY_MS);
    }
    expect(await engine.webhooks.get(id)).toMatchObject({ state: "active" });
  });

  test("starts a new count of five days when it is switched on", async () => {
    const { engine, id, say, job } = await start();
    say(answered(500));
    await job();
    await later(5 * DAY_MS);
    await job();
    await engine.webhooks.update(id, { state: "active" });
    await job();
    expect(await engine.webhooks.get(id)).toMatchObject({ state: "active" });
  });
});

describe("an expired webhook", () => {
  test("is removed when its endpoint responds with 404 twice", async () => {
    const expiresAt = world.clock.now() + 1_000;
    const { engine, id, say, job } = await start({ retries: 5, expiresAt });
    say(answered(404));
    await job();
    expect(await engine.webhooks.get(id)).toMatchObject({ state: "active" });
    await later(1_000);
    await expect(engine.webhooks.get(id)).rejects.toMatchObject({ code: "WEBHOOK_NOT_FOUND" });
  });

  test("is not removed by the first 404 but by the second", async () => {
    const expiresAt = world.clock.now() + 1_000;
    const { engine, id, say, job } = await start({ retries: 5, expiresAt });
    say(answered(404));
    await engine.webhooks.update(id, { state: "paused" });
    await job();
    await later(2_000);
    await engine.webhooks.update(id, { state: "active" });
    await world.settle();
    expect(await engine.webhooks.get(id)).toMatchObject({ state: "active" });
    await later(1_000);
    await expect(engine.webhooks.get(id)).rejects.toMatchObject({ code: "WEBHOOK_NOT_FOUND" });
  });

  test("is not removed before it expires, however often its endpoint responds with 404", async () => {
    const expiresAt = world.clock.now() + 60_000;
    const { engine, id, say, job } = await start({ retries: 5, expiresAt });
    say(answered(404));
    await job();
    await later(1_000);
    await later(5_000);
    expect(await engine.webhooks.get(id)).toMatchObject({ state: "active" });
  });

  test("gets no more events", async () => {
    const { sender, job } = await start({ expiresAt: world.clock.now() + 1_000 });
    await job();
    await later(1_000);
    await job();
    expect(sender.sent).toHaveLength(1);
  });
});

test("a 410 never switches off a job's own webhook and ends only the one delivery", async () => {
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: () => answered(410),
  });
  const webhook = { url: ENDPOINT, headers: {}, on: null, retries: 5 };
  await submit({ webhook });
  await world.settle();
  expect(sender.sent.map(({ event }) => event.status)).toEqual([
    "started",
    "progress",
    "completed",
  ]);
});

test("queued events go to a changed URL with the rate limit of its host", async () => {
  const { engine, id, job, sender } = await start();
  await engine.webhooks.update(id, { state: "paused" });
  await job();
  const moved = await engine.webhooks.update(id, {
    url: "https://hook.eu2.make.com/abc",
    state: "active",
  });
  await world.settle();
  expect(sender.sent.map(({ outgoing }) => outgoing.url)).toEqual([
    "https://hook.eu2.make.com/abc",
  ]);
  expect(moved.ratePerSecond).toBe(25);
  expect((await engine.webhooks.update(id, { url: ENDPOINT })).ratePerSecond).toBeNull();
  await engine.webhooks.update(id, { ratePerSecond: 3 });
  const kept = await engine.webhooks.update(id, { url: "https://hook.eu1.make.com/def" });
  expect(kept.ratePerSecond).toBe(3);
});

test("no concurrent change is lost", async () => {
  const { engine, id, sender, job } = await start();
  const [{ secret }] = await Promise.all([
    engine.webhooks.rotateSecret(id),
    engine.webhooks.update(id, { headers: { "x-mine": "yes" } }),
    engine.webhooks.update(id, { jobName: null, retries: 3 }),
    engine.webhooks.update(id, { url: "http://other.test/hook" }),
  ]);
  await job();
  const { url, headers, body } = sender.sent[0]!.outgoing;
  expect(url).toBe("http://other.test/hook");
  expect(headers["x-mine"]).toBe("yes");
  const sentAt = new Date(Number(headers["webhook-timestamp"]) * 1_000);
  const signature = new Webhook(secret).sign(headers["webhook-id"] ?? "", sentAt, body);
  expect(headers["webhook-signature"]?.split(" ")).toContain(signature);
  expect(await engine.webhooks.get(id)).toMatchObject({ retries: 3, headerNames: ["x-mine"] });
});

test("two webhooks that an older daemon stored with the same filter can both be changed", async () => {
  const { engine } = await world.startEngine({ run: complete });
  await engine.webhooks.register({ url: ENDPOINT });
  const { webhook } = await engine.webhooks.register({ url: ENDPOINT, on: ["failed"] });
  const asBefore = { on: null, identity: "of an older daemon" };
  await world.store.updateWebhook(webhook.id, asBefore, { now: world.clock.now() });
  const patch = { retries: 1, on: EVENT_KINDS };
  expect(await engine.webhooks.update(webhook.id, patch)).toMatchObject(patch);
  const named = await engine.webhooks.update(webhook.id, { jobName: "nightly" });
  const request = { url: ENDPOINT, jobName: "nightly" };
  expect(await engine.webhooks.register(request)).toMatchObject({ created: false });
  expect(named).toMatchObject({ jobName: "nightly", retries: 1 });
});

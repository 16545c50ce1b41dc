import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWorld, HOOK, type EngineInTest, type World } from "../../../test/support/engine.ts";
import { answered, NO_ANSWER } from "../../../test/support/scripted-sender.ts";
import { until } from "../../../test/support/until.ts";
import type { Answer } from "../../domain/delivery.ts";
import type { DeliverySummary } from "../../ports/store/deliveries.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

const complete = (step: { complete(): void }): void => step.complete();
const ALL = { limit: 100, cursor: null };
const ONE = { ...HOOK, on: ["completed"] as const };

async function deliveries(jobId: string): Promise<readonly DeliverySummary[]> {
  return (await world.store.deliveries({ jobId }, ALL)).items.toReversed();
}

async function only(jobId: string): Promise<DeliverySummary> {
  const [first] = await deliveries(jobId);
  if (first === undefined) throw new Error(`Job ${jobId} has no delivery.`);
  return first;
}

describe("a paused destination", () => {
  const ACTS = ["redeliver", "recover", "switch on"] as const;

  /** Four jobs' events for one webhook whose endpoint pauses it. `act` does what a person can do. */
  async function pause(answer: () => Answer) {
    const started = await world.startEngine({ run: complete, answer });
    const { engine, submit } = started;
    const url = "http://endpoint.test/hook";
    const { webhook } = await engine.webhooks.register({ url, on: ["completed"] });
    const first = await submit();
    await world.settle();
    for (let n = 0; n < 3; n += 1) await submit();
    await world.settle();
    const act = async (which: (typeof ACTS)[number]): Promise<void> => {
      if (which === "redeliver") await engine.redeliver((await only(first)).id);
      if (which === "recover") await engine.recoverWebhook(webhook.id, 0);
      if (which === "switch on") await engine.webhooks.update(webhook.id, { state: "active" });
      await world.settle();
    };
    return { ...started, act };
  }

  test.each(ACTS)(
    "sends immediately after %s, although a Retry-After paused it for an hour",
    async (which) => {
      let isDown = true;
      const { sender, act } = await pause(() =>
        isDown ? answered(503, { retryAfter: "3600" }) : answered(200),
      );
      expect(sender.sent).toHaveLength(1);
      isDown = false;
      await act(which);
      // The first event still waits for its retry after "switch on".
      expect(sender.sent).toHaveLength(which === "switch on" ? 4 : 5);
    },
  );

  test.each(ACTS)(
    "is paused again by the next Retry-After, one attempt after %s",
    async (which) => {
      const { sender, act } = await pause(() => answered(503, { retryAfter: "3600" }));
      await act(which);
      expect(sender.sent).toHaveLength(2);
    },
  );

  test("with an open circuit sends one attempt after each request, and everything once one succeeds", async () => {
    let isDown = true;
    const { engine, sender, submit, act } = await pause(() => (isDown ? NO_ANSWER : answered(200)));
    await submit();
    await world.settle();
    expect(sender.sent).toHaveLength(5);
    expect(engine.relayState().openDestinations).toBe(1);
    for (const [done, which] of ACTS.entries()) {
      for (let n = 0; n < 20; n += 1) await submit();
      await act(which);
      expect(sender.sent).toHaveLength(6 + done);
    }
    isDown = false;
    world.clock.moveTo(world.clock.now() + 1);
    await act("recover");
    expect(engine.relayState().openDestinations).toBe(0);
    const { due } = (await world.store.counts()).deliveries;
    expect(due).toBe(0);
  });
});

describe("recover", () => {
  /** A webhook whose endpoint gave these answers, each to one job's event. */
  async function after(
    answers: readonly Answer[],
    retries = 0,
  ): Promise<EngineInTest & { id: string; jobs: readonly string[]; at: readonly number[] }> {
    let job = 0;
    const started = await world.startEngine({
      run: complete,
      answer: () => (job < answers.length ? (answers[job] ?? answered(200)) : answered(200)),
    });
    const url = "http://endpoint.test/hook";
    const { webhook } = await started.engine.webhooks.register({ url, on: ["completed"], retries });
    const jobs: string[] = [];
    const at: number[] = [];
    for (; job < answers.length; job += 1) {
      at.push(world.clock.now());
      jobs.push(await started.submit());
      await world.settle();
      world.clock.moveTo(world.clock.now() + 100);
      await world.settle();
    }
    return { ...started, id: webhook.id, jobs, at };
  }

  test("sends failed deliveries again and returns their number, without those that succeeded", async () => {
    const answers = [answered(200), answered(400), answered(200), answered(400), answered(400)];
    const { engine, id, jobs, at, sender } = await after(answers);
    expect(sender.sent).toHaveLength(5);
    expect(await engine.recoverWebhook(id, at[0] ?? 0)).toEqual({ recovered: 3, more: false });
    await world.settle();
    const again = sender.sent.slice(5).map(({ event }) => event.jobId);
    expect(again).toEqual([jobs[1], jobs[3], jobs[4]]);
    expect(await engine.recoverWebhook(id, at[0] ?? 0)).toEqual({ recovered: 0, more: false });
  });

  test("leaves out the events from before the instant", async () => {
    const answers = [answered(400), answered(400), answered(400)];
    const { engine, id, jobs, at, sender } = await after(answers);
    expect(await engine.recoverWebhook(id, at[1] ?? 0)).toMatchObject({ recovered: 2 });
    await world.settle();
    expect(sender.sent.slice(3).map(({ event }) => event.jobId)).toEqual(jobs.slice(1));
  });

  test("sends the same webhook-id and body, so that the receiver recognizes the event", async () => {
    const { engine, id, sender } = await after([answered(400)]);
    await engine.recoverWebhook(id, 0);
    await world.settle();
    const [first, second] = sender.sent.map(({ outgoing }) => outgoing);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
  });

  test("sends a pending retry now instead of later, and only once", async () => {
    const { engine, id, jobs, sender } = await after([answered(500)], 5);
    expect(await engine.recoverWebhook(id, 0)).toEqual({ recovered: 1, more: false });
    await world.settle();
    expect(sender.sent).toHaveLength(2);
    await world.runUntil(world.clock.now() + 60_000);
    expect(sender.sent).toHaveLength(2);
    expect(await only(jobs[0] ?? "")).toMatchObject({ state: "delivered", attempts: 2 });
  });

  test("gives a delivery all its retries again", async () => {
    let isDown = true;
    const { engine, sender, submit } = await world.startEngine({
      run: complete,
      answer: () => answered(isDown ? 500 : 200),
    });
    const url = "http://endpoint.test/hook";
    const { webhook } = await engine.webhooks.register({ url, on: ["completed"], retries: 1 });
    await submit();
    await world.runUntil(world.clock.now() + 2_000);
    expect(sender.sent).toHaveLength(2);
    await engine.recoverWebhook(webhook.id, 0);
    await world.settle();
    expect(sender.sent).toHaveLength(3);
    isDown = false;
    await world.runUntil(world.clock.now() + 2_000);
    expect(sender.sent).toHaveLength(4);
  });

  test("is refused for a webhook that is off and for one that does not exist", async () => {
    const { engine, id } = await after([answered(410)]);
    await expect(engine.recoverWebhook(id, 0)).rejects.toMatchObject({ code: "WEBHOOK_OFF" });
    await expect(engine.recoverWebhook("wh_none", 0)).rejects.toMatchObject({
      code: "WEBHOOK_NOT_FOUND",
    });
  });
});

describe("redeliver", () => {
  test("replaces the automatic retry", async () => {
    const { engine, sender, submit } = await world.startEngine({
      run: complete,
      answer: () => answered(sender.sent.length === 1 ? 500 : 200),
    });
    const job = await submit({ webhook: ONE });
    await world.settle();
    await engine.redeliver((await only(job)).id);
    await world.settle();
    expect(sender.sent).toHaveLength(2);
    await world.runUntil(world.clock.now() + 60_000);
    expect(sender.sent).toHaveLength(2);
  });

  test("continues with the remaining automatic retries when its attempt fails", async () => {
    const { engine, sender, submit } = await world.startEngine({
      run: complete,
      answer: () => answered(500),
    });
    const job = await submit({ webhook: { ...ONE, retries: 2 } });
    await world.settle();
    await engine.redeliver((await only(job)).id);
    await world.settle();
    expect(sender.sent).toHaveLength(2);
    const from = world.clock.now();
    await world.runUntil(from + 60_000);
    expect(sender.sent.slice(2).map(({ at }) => at - from)).toEqual([5_000]);
    expect(await only(job)).toMatchObject({ state: "dead", attempts: 3 });
  });

  test("makes one attempt of a delivery that has ended, whatever its outcome", async () => {
    const { engine, sender, submit } = await world.startEngine({
      run: complete,
      answer: () => answered(sender.sent.length === 1 ? 200 : 500),
    });
    const job = await submit({ webhook: ONE });
    await world.settle();
    await engine.redeliver((await only(job)).id);
    await world.runUntil(world.clock.now() + 60_000);
    expect(sender.sent).toHaveLength(2);
    expect(await only(job)).toMatchObject({ state: "dead", attempts: 2 });
  });

  test("sends twice with the same webhook-id when it is called twice", async () => {
    const { engine, sender, submit } = await world.startEngine({ run: complete });
    const job = await submit({ webhook: ONE });
    await world.settle();
    for (let n = 0; n < 2; n += 1) {
      await engine.redeliver((await only(job)).id);
      await world.settle();
    }
    const ids = sender.sent.map(({ outgoing }) => outgoing.headers["webhook-id"]);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });

  test("is refused for a delivery in flight, which is sent once", async () => {
    const answer = Promise.withResolvers<Answer>();
    const { engine, sender, submit } = await world.startEngine({
      run: complete,
      answer: () => answer.promise,
    });
    const job = await submit({ webhook: ONE });
    await until("the request", () => sender.inFlight() === 1);
    const { id } = await only(job);
    await expect(engine.redeliver(id)).rejects.toMatchObject({ code: "DELIVERY_NOT_RESENDABLE" });
    answer.resolve(answered(200));
    await world.settle();
    expect(sender.sent).toHaveLength(1);
  });

  test("is refused while its webhook is off, and says how to switch it on", async () => {
    const { engine, sender, submit } = await world.startEngine({
      run: complete,
      answer: () => answered(410),
    });
    const url = "http://endpoint.test/hook";
    const { webhook } = await engine.webhooks.register({ url, on: ["completed"] });
    const job = await submit();
    await world.settle();
    const { id } = await only(job);
    await expect(engine.redeliver(id)).rejects.toMatchObject({
      code: "WEBHOOK_OFF",
      message: expect.stringContaining(`PATCH /v1/webhooks/${webhook.id}`),
    });
    expect(await only(job)).toMatchObject({ state: "dead" });
    await engine.webhooks.update(webhook.id, { state: "active" });
    await engine.redeliver(id);
    await world.settle();
    expect(sender.sent).toHaveLength(2);
  });

  test("of an earlier event waits until the later one in flight has been delivered", async () => {
    const answers = [answered(400), answered(200)];
    const last = Promise.withResolvers<Answer>();
    const { engine, sender, submit } = await world.startEngine({
      run: complete,
      answer: () => answers.shift() ?? last.promise,
    });
    const job = await submit({ webhook: HOOK });
    await until("the third request", () => sender.sent.length === 3);
    const [first] = await deliveries(job);
    await engine.redeliver(first?.id ?? "");
    last.resolve(answered(200));
    await world.settle();
    expect(sender.sent.map(({ event }) => event.sequence)).toEqual([1, 2, 3, 1]);
    expect((await deliveries(job)).map(({ state }) => state)).toEqual([
      "delivered",
      "delivered",
      "delivered",
    ]);
  });
});

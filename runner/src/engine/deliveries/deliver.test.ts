import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createWorld,
  HOOK,
  interceptCalls,
  plugins,
  type World,
} from "../../../test/support/engine.ts";
import { answered, NO_ANSWER } from "../../../test/support/scripted-sender.ts";
import { until } from "../../../test/support/until.ts";
import type { Answer } from "../../domain/delivery.ts";
import { RETRY_WAITS_MS } from "../../domain/retry.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

const complete = (step: { complete(): void }): void => step.complete();
const ALL = { limit: 100, cursor: null };

test("a failed attempt is retried after 1 s, 5 s, 30 s … up to 24 h, then the delivery is given up", async () => {
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: () => answered(500),
  });
  const id = await submit({ webhook: { ...HOOK, on: ["completed"], retries: 10 } });
  await world.settle();
  for (const [retries, waitMs] of RETRY_WAITS_MS.entries()) {
    expect(sender.sent).toHaveLength(retries + 1);
    const dueAt = world.clock.now() + waitMs;
    world.clock.moveTo(dueAt - 1);
    await world.settle();
    expect(sender.sent).toHaveLength(retries + 1);
    world.clock.moveTo(dueAt);
    await world.settle();
  }
  const { items } = await world.store.deliveries({ jobId: id }, ALL);
  expect(items).toMatchObject([{ state: "dead", attempts: 11 }]);
  expect(items[0]?.reason).toContain("Given up after 11 attempts");
});

test("an attempt that cannot be sent counts as failed, and the destination keeps working", async () => {
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: () => {
      if (sender.sent.length <= 3) throw new RangeError("cannot be sent");
      return answered(200);
    },
  });
  const id = await submit({ webhook: { ...HOOK, on: ["completed"] } });
  await world.runUntil(world.clock.now() + 60_000);
  const { items } = await world.store.deliveries({ jobId: id }, ALL);
  expect(items).toMatchObject([{ state: "delivered", attempts: 4 }]);
  const delivery = await world.store.delivery(items[0]?.id ?? "");
  expect(delivery?.log[0]?.error).toBe("RangeError: cannot be sent");
});

test("every attempt of an event has the same webhook-id and the same bytes", async () => {
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: () => (sender.sent.length < 4 ? NO_ANSWER : answered(200)),
  });
  await submit({ webhook: { ...HOOK, on: ["completed"] } });
  await world.runUntil(world.clock.now() + 60_000);
  expect(sender.sent).toHaveLength(4);
  const ids = new Set(sender.sent.map(({ outgoing }) => outgoing.headers["webhook-id"]));
  const bodies = new Set(sender.sent.map(({ outgoing }) => outgoing.body));
  expect([ids.size, bodies.size]).toEqual([1, 1]);
});

test("each event of a job has its own webhook-id, and the webhook's headers as well as ours", async () => {
  const { sender, submit } = await world.startEngine({ run: complete });
  await submit({ webhook: { ...HOOK, headers: { authorization: "Bearer mine" } } });
  await until("three events", () => sender.sent.length === 3);
  expect(new Set(sender.sent.map(({ outgoing }) => outgoing.headers["webhook-id"])).size).toBe(3);
  expect(sender.sent[0]?.outgoing.headers).toEqual({
    authorization: "Bearer mine",
    "content-type": "application/json",
    "user-agent": "Playground/test",
    "webhook-id": expect.stringMatching(/^evt_[0-9a-z]+_1$/) as string,
    "webhook-timestamp": String(world.clock.now() / 1000),
  });
});

test("after a status that is not retried, the next event is sent", async () => {
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: ({ event }) => answered(event.status === "started" ? 400 : 200),
  });
  const id = await submit({ webhook: HOOK });
  await world.runUntil(world.clock.now() + 10_000);
  expect(sender.sent.map(({ event }) => event.status)).toEqual([
    "started",
    "progress",
    "completed",
  ]);
  const { items } = await world.store.deliveries({ jobId: id }, ALL);
  expect(items.map((item) => item.state).toReversed()).toEqual(["dead", "delivered", "delivered"]);
});

test("a Retry-After is respected for at most an hour", async () => {
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: () =>
      sender.sent.length === 1
        ? answered(503, { retryAfter: "120" })
        : answered(429, { retryAfter: "86400" }),
  });
  await submit({ webhook: { ...HOOK, on: ["completed"] } });
  await world.settle();
  const from = world.clock.now();
  world.clock.moveTo(from + 119_999);
  await world.settle();
  expect(sender.sent).toHaveLength(1);
  world.clock.moveTo(from + 120_000);
  await world.settle();
  expect(sender.sent).toHaveLength(2);
  world.clock.moveTo(from + 120_000 + 3_600_000);
  await world.settle();
  expect(sender.sent).toHaveLength(3);
});

test("a restarted daemon remembers that an endpoint asked it to wait for an hour", async () => {
  const script = { run: complete, answer: () => answered(429, { retryAfter: "3600" }) };
  const before = await world.startEngine(script);
  await before.submit({ webhook: { ...HOOK, on: ["completed"] } });
  await world.settle();
  const from = world.clock.now();
  expect(before.sender.sent).toHaveLength(1);
  await before.engine.stop({ graceMs: 0 });
  const after = await world.startEngine(script);
  // Only the endpoint's pause delays it: it has no attempt.
  await after.submit({ webhook: { ...HOOK, on: ["completed"] } });
  await world.runUntil(from + 3_600_000 - 1);
  expect(after.sender.sent).toEqual([]);
  await world.runUntil(from + 3_600_000);
  expect(after.sender.sent).toHaveLength(2);
});

test("an endpoint that does not respond delays no other endpoint", async () => {
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: ({ outgoing }) =>
      outgoing.url.includes("slow") ? new Promise<Answer>(() => {}) : answered(200),
  });
  await submit({ webhook: { ...HOOK, url: "http://slow.test/" } });
  await submit({ webhook: { ...HOOK, url: "http://fast.test/" } });
  await world.settle();
  const urls = sender.sent.map(({ outgoing }) => outgoing.url);
  expect(urls.filter((url) => url === "http://fast.test/")).toHaveLength(3);
  expect(urls.filter((url) => url === "http://slow.test/")).toHaveLength(1);
});

test("the requests in flight stay within the limit, and all are sent in the end", async () => {
  let most = 0;
  const open: ((answer: Answer) => void)[] = [];
  const { sender, submit } = await world.startEngine({
    maxDeliveriesInFlight: 3,
    run: complete,
    answer: () => {
      most = Math.max(most, sender.inFlight());
      return new Promise((resolve) => open.push(resolve));
    },
  });
  for (let n = 0; n < 10; n += 1) await submit({ webhook: { ...HOOK, on: ["completed"] } });
  await until("all to be sent", async () => {
    await world.settle();
    open.shift()?.(answered(200));
    return sender.sent.length === 10;
  });
  expect(most).toBe(3);
});

test("an attempt that could not be stored is made again with the same webhook-id", async () => {
  let broken = true;
  const { sender, submit, logged } = await world.startEngine({
    run: complete,
    intercept: (store) =>
      interceptCalls(store, async (call, name) => {
        if (broken && name === "recordAttempt") throw new Error("The disk is full.");
        return call();
      }),
  });
  const id = await submit({ webhook: { ...HOOK, on: ["completed"] } });
  await world.settle();
  expect(logged.map(({ message }) => message)).toContain("delivery.write-failed");
  broken = false;
  await world.runUntil(world.clock.now() + 400_000);
  expect(sender.sent).toHaveLength(2);
  expect(sender.sent[1]?.outgoing.headers["webhook-id"]).toBe(
    sender.sent[0]?.outgoing.headers["webhook-id"],
  );
  const { items } = await world.store.deliveries({ jobId: id }, ALL);
  expect(items).toMatchObject([{ state: "delivered", attempts: 1 }]);
});

test("a stop waits for the response to a request in flight and stores it", async () => {
  const answer = Promise.withResolvers<Answer>();
  const { engine, sender, submit } = await world.startEngine({
    run: complete,
    answer: () => answer.promise,
  });
  const id = await submit({ webhook: { ...HOOK, on: ["completed"] } });
  await until("the request", () => sender.inFlight() === 1);
  const stopped = engine.stop({ graceMs: 5_000 });
  await world.settle();
  answer.resolve(answered(200));
  await stopped;
  const { items } = await world.store.deliveries({ jobId: id }, ALL);
  expect(items).toMatchObject([{ state: "delivered", attempts: 1 }]);
});

test("a delivery stays due, without a counted attempt, when a stop cuts off its request", async () => {
  const first = await world.startEngine({
    run: complete,
    answer: () => new Promise<Answer>(() => {}),
  });
  const id = await first.submit({ webhook: { ...HOOK, on: ["completed"] } });
  await until("the request", () => first.sender.inFlight() === 1);
  const stopped = first.engine.stop({ graceMs: 1_000 });
  await world.runUntil(world.clock.now() + 1_000);
  await stopped;
  const { items } = await world.store.deliveries({ jobId: id }, ALL);
  expect(items).toMatchObject([{ state: "due", attempts: 0 }]);
  const second = await world.startEngine();
  await world.settle();
  expect(second.sender.sent).toHaveLength(1);
});

test("the next daemon sends a request that a crash cut off", async () => {
  const first = await world.startEngine({
    run: complete,
    answer: () => new Promise<Answer>(() => {}),
  });
  await first.submit({ webhook: { ...HOOK, on: ["completed"] } });
  await until("the request", () => first.sender.inFlight() === 1);
  const second = await world.startEngine();
  await world.settle();
  expect(second.sender.sent).toHaveLength(1);
});

const anAnswer = fc.constantFrom<Answer>(
  answered(200),
  answered(204),
  answered(400),
  answered(404),
  answered(410),
  answered(500),
  answered(503, { retryAfter: "2" }),
  NO_ANSWER,
);

/** Statuses that end a delivery immediately. The others use a retry. */
const FINAL: ReadonlySet<number> = new Set([200, 204, 400, 410]);

test("whatever the endpoints respond, no event is sent before the delivery of the previous one has ended", async () => {
  const scripts = fc.array(fc.array(anAnswer, { maxLength: 12 }), { minLength: 1, maxLength: 4 });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(scripts, fc.integer({ min: 0, max: 1 }), async (script, retries) => {
      // Each run has its own origins, because a pause of a destination lasts into the next run.
      runs += 1;
      /** The attempts at each job's endpoint, and whether they ended the delivery. */
      const attempts = script.map((): { sequence: number; isLast: boolean }[] => []);
      const { engine, submit } = await world.startEngine({
        run: complete,
        answer: ({ event, outgoing }) => {
          const n = Number(new URL(outgoing.url).pathname.slice(1));
          const before = attempts[n] ?? [];
          const given = script[n]?.[before.length] ?? answered(200);
          const tries = before.filter(({ sequence }) => sequence === event.sequence).length + 1;
          const isFinal = given.kind === "answered" && FINAL.has(given.status);
          before.push({ sequence: event.sequence as number, isLast: isFinal || tries > retries });
          return given;
        },
      });
      for (const n of script.keys()) {
        const webhook = { ...HOOK, url: `http://endpoint-${n}.run-${runs}.test/${n}`, retries };
        await submit({ ...plugins("first", "second"), webhook });
      }
      // Four events with a retry each: eight failures in a row open the circuit for 5, 10, 20, 40 s.
      await world.runUntil(world.clock.now() + 100_000);
      await engine.stop({ graceMs: 0 });
      for (const made of attempts) {
        let ended = 0;
        for (const { sequence, isLast } of made) {
          expect(sequence).toBe(ended + 1);
          if (isLast) ended += 1;
        }
        expect(ended).toBe(4);
      }
    }),
    { numRuns: 12 },
  );
}, 60_000);

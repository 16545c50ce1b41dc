/** The system's clock is set an hour back or forward while deliveries are in progress. */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld, HOOK, plugins, type World } from "../../../test/support/engine.ts";
import { answered, NO_ANSWER } from "../../../test/support/scripted-sender.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { createTestLog } from "../../../test/support/test-log.ts";
import { until } from "../../../test/support/until.ts";
import type { Answer } from "../../domain/delivery.ts";
import type { DueShift } from "../../ports/store/upkeep.ts";
import { createClockLoop } from "./clock-loop.ts";
import { createWatchedClock } from "./watched-clock.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

const HOUR_MS = 60 * 60 * 1000;
const complete = (step: { complete(): void }): void => step.complete();
const ONE = { ...HOOK, on: ["completed"] as const };

/** Sets the system's clock. The monotonic clock does not change. */
function jump(byMs: number): void {
  world.clock.set(world.clock.now() + byMs);
}

async function pass(ms: number): Promise<void> {
  await world.runUntil(world.clock.now() + ms);
}

test.each([
  ["back", -HOUR_MS],
  ["forward", HOUR_MS],
])(
  "a retry due in 5 s is made within about 5 s when the clock is set %s an hour",
  async (_, by) => {
    const { sender, submit } = await world.startEngine({
      run: complete,
      answer: () => (sender.sent.length < 3 ? NO_ANSWER : answered(200)),
    });
    await submit({ webhook: ONE });
    await pass(1_000);
    expect(sender.sent).toHaveLength(2);
    jump(by);
    await pass(6_500);
    expect(sender.sent).toHaveLength(3);
  },
);

test("retries are made in time when the clock is set forward and back within a second", async () => {
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: () => (sender.sent.length < 3 ? NO_ANSWER : answered(200)),
  });
  await pass(300);
  jump(HOUR_MS);
  await submit({ webhook: ONE });
  await pass(200);
  expect(sender.sent).toHaveLength(1);
  jump(-2 * HOUR_MS);
  await pass(8_000);
  expect(sender.sent).toHaveLength(3);
});

test("no retry is early when the clock is set back", async () => {
  const { sender, submit } = await world.startEngine({ run: complete, answer: () => NO_ANSWER });
  await submit({ webhook: ONE });
  await pass(1_000);
  jump(-HOUR_MS);
  await pass(4_500);
  expect(sender.sent).toHaveLength(2);
});

test("an open circuit is probed after its five seconds when the clock is set back an hour", async () => {
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: () => (sender.sent.length <= 5 ? NO_ANSWER : answered(200)),
  });
  for (let n = 0; n < 5; n += 1) await submit({ webhook: { ...ONE, retries: 0 } });
  await world.settle();
  expect(sender.sent).toHaveLength(5);
  await submit({ webhook: ONE });
  jump(-HOUR_MS);
  await pass(4_000);
  expect(sender.sent).toHaveLength(5);
  await pass(2_500);
  expect(sender.sent).toHaveLength(6);
});

test("a rate limit is respected when the clock is set back, and exceeded by one burst when it is set forward", async () => {
  const { engine, sender, submit } = await world.startEngine({ run: complete, threads: 8 });
  await engine.webhooks.register({ url: "http://slow.test/", ratePerSecond: 2, on: ["completed"] });
  for (let n = 0; n < 30; n += 1) await submit();
  for (let second = 0; second < 5; second += 1) {
    jump(second % 2 === 0 ? HOUR_MS : -HOUR_MS);
    await pass(1_000);
  }
  expect(sender.sent.length).toBeGreaterThanOrEqual(8);
  // Two in a burst, two a second, and a full bucket after each of three jumps forward.
  expect(sender.sent.length).toBeLessThanOrEqual(18);
});

test("an attempt in flight is not made twice when the clock is set forward", async () => {
  const answer = Promise.withResolvers<Answer>();
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: () => answer.promise,
  });
  const id = await submit({ webhook: ONE });
  await until("the request", () => sender.inFlight() === 1);
  jump(HOUR_MS);
  // By the new time the delivery's lease has ended, and the relay claims it again.
  await pass(60_000);
  expect(sender.sent).toHaveLength(1);
  answer.resolve(answered(200));
  await pass(60_000);
  const { items } = await world.store.deliveries({ jobId: id }, { limit: 10, cursor: null });
  expect(items).toMatchObject([{ state: "delivered", attempts: 1 }]);
  expect(sender.sent).toHaveLength(1);
});

test("however the clock is set, no event is lost, and none is sent before the previous one was delivered", async () => {
  const aStep = fc.record({
    by: fc.constantFrom(-HOUR_MS, HOUR_MS, 0),
    passMs: fc.integer({ min: 0, max: 8_000 }),
    submits: fc.boolean(),
  });
  const anAnswer = fc.constantFrom<Answer>(
    answered(200),
    NO_ANSWER,
    answered(503, { retryAfter: "3" }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(aStep, { minLength: 1, maxLength: 6 }),
      // The loop below waits four hours. An eighth retry of one delivery would take another five.
      fc.array(anAnswer, { maxLength: 7 }),
      async (steps, answers) => {
        const given = [...answers];
        const delivered: { jobId: string; sequence: number }[] = [];
        const { engine, submit } = await world.startEngine({
          run: complete,
          answer: async ({ event, outgoing }) => {
            await world.clock.sleep(500, { signal: outgoing.signal });
            const answer = given.shift() ?? answered(200);
            const { jobId, sequence } = event as { jobId: string; sequence: number };
            if (answer.kind === "answered" && answer.status === 200)
              delivered.push({ jobId, sequence });
            return answer;
          },
        });
        const jobIds: string[] = [];
        for (const { by, passMs, submits } of steps) {
          if (submits)
            jobIds.push(await submit({ ...plugins("only"), webhook: { ...HOOK, retries: 10 } }));
          jump(by);
          await pass(passMs);
        }
        for (let minute = 0; minute < 240; minute += 1) {
          if (delivered.length === jobIds.length * 3) break;
          await pass(60_000);
        }
        await engine.stop({ graceMs: 0 });
        for (const id of jobIds) {
          const sequences = delivered
            .filter(({ jobId }) => jobId === id)
            .map((each) => each.sequence);
          expect(sequences).toEqual([1, 2, 3]);
        }
      },
    ),
    { numRuns: 8 },
  );
}, 60_000);

test("the next event is sent soon when the clock is set back during the attempt before it", async () => {
  const first = Promise.withResolvers<Answer>();
  const { sender, submit } = await world.startEngine({
    run: complete,
    answer: () => (sender.sent.length === 1 ? first.promise : answered(200)),
  });
  await submit({ webhook: HOOK });
  await pass(100);
  expect(sender.sent).toHaveLength(1);
  jump(-2 * HOUR_MS);
  await pass(2_000);
  first.resolve(answered(200));
  await pass(1_000);
  expect(sender.sent).toHaveLength(3);
});

test("a step's events are sent soon when the clock is set back as the step ends", async () => {
  const { pool, sender, submit } = await world.startEngine();
  await submit({ webhook: HOOK });
  await pass(100);
  const endedAt = world.clock.now();
  jump(-2 * HOUR_MS);
  await pass(2_000);
  (await pool.step(1)).complete(null, endedAt);
  await pass(1_000);
  expect(sender.sent).toHaveLength(3);
});

test("daemons hear of deliveries and jobs that are due earlier than before", async () => {
  const clock = createTestClock();
  const told: string[] = [];
  const requests: DueShift[] = [];
  const loop = createClockLoop({
    store: {
      shiftDue(request) {
        requests.push(request);
        return Promise.resolve(requests.length === 1 ? "further" : null);
      },
    },
    clock: createWatchedClock(clock),
    log: createTestLog(),
    messages: { publish: ({ kind }) => void told.push(kind) },
  });
  clock.set(clock.now() - HOUR_MS);
  loop.wake();
  await until("the end", () => requests.length === 2);
  await loop.stop();
  const request = { now: clock.now(), byMs: -HOUR_MS, since: clock.now() - 60_000 };
  expect(requests).toEqual([
    { ...request, after: null },
    { ...request, after: "further" },
  ]);
  expect(told).toEqual(["due", "jobs", "due", "jobs"]);
});

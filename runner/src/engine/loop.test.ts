import { setImmediate as nextIteration } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createTestClock } from "../../test/support/test-clock.ts";
import { createLoop, type Wait } from "./loop.ts";
import { createTestLog } from "../../test/support/test-log.ts";

const FROM = 1_000_000;

/** A loop whose ticks the test counts and controls. */
function startLoop(tick: (n: number) => Promise<Wait | (() => Promise<Wait>)>) {
  const clock = createTestClock(FROM);
  const errors: object[] = [];
  let ticks = 0;
  const loop = createLoop({
    name: "test",
    clock,
    log: createTestLog((fields) => void errors.push(fields)),
    tick: () => tick((ticks += 1)),
  });
  onTestFinished(() => loop.stop());
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 3; i += 1) await nextIteration();
  };
  return { loop, clock, errors, settle, ticks: () => ticks };
}

test("the next tick runs when the wait is over, and not before", async () => {
  const { clock, settle, ticks } = startLoop(async () => 500);
  await settle();
  clock.moveTo(FROM + 499);
  await settle();
  expect(ticks()).toBe(1);
  clock.moveTo(FROM + 500);
  await settle();
  expect(ticks()).toBe(2);
});

test("only a wake-up ends a wait of null", async () => {
  const { loop, clock, settle, ticks } = startLoop(async () => null);
  await settle();
  clock.moveTo(FROM + 1_000_000_000);
  await settle();
  expect(ticks()).toBe(1);
  loop.wake();
  await settle();
  expect(ticks()).toBe(2);
});

test("wake-ups during a tick lead to one more tick without a wait", async () => {
  let waits = 0;
  const tick = Promise.withResolvers<void>();
  const { loop, settle, ticks } = startLoop(async (n) => {
    if (n === 1) await tick.promise;
    return async () => {
      waits += 1;
      return null;
    };
  });
  for (let i = 0; i < 3; i += 1) loop.wake();
  tick.resolve();
  await settle();
  expect(ticks()).toBe(2);
  expect(waits).toBe(1);
});

test("a failed tick is logged and repeated with a backoff of up to 5 s", async () => {
  const { clock, errors, settle } = startLoop(async () => {
    throw new Error("no");
  });
  const waits: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    await settle();
    const wakesAt = clock.nextWakeAt() ?? Number.NaN;
    waits.push(wakesAt - clock.now());
    clock.moveTo(wakesAt);
  }
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  expect(errors[0]).toMatchObject({ loop: "test", retryInMs: 100 });
});

test("a successful tick resets the backoff", async () => {
  const { clock, settle } = startLoop(async (n) => {
    if (n !== 3) throw new Error("no");
    return 7;
  });
  const waits: number[] = [];
  for (let i = 0; i < 4; i += 1) {
    await settle();
    const wakesAt = clock.nextWakeAt() ?? Number.NaN;
    waits.push(wakesAt - clock.now());
    clock.moveTo(wakesAt);
  }
  expect(waits).toEqual([100, 200, 7, 100]);
});

test("stop waits for the running tick, and no other tick runs", async () => {
  const tick = Promise.withResolvers<void>();
  const { loop, settle, ticks } = startLoop(async () => {
    await tick.promise;
    return 0;
  });
  let stopped = false;
  const stopping = loop.stop().then(() => (stopped = true));
  await settle();
  expect(stopped).toBe(false);
  tick.resolve();
  await stopping;
  loop.wake();
  await settle();
  expect(ticks()).toBe(1);
});

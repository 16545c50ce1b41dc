import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createTestClock } from "../../test/support/test-clock.ts";
import { createLoop, type Wait } from "./loop.ts";
import { createTestLog } from "../../test/support/test-log.ts";

const FROM = 1_000_000;

/** A loop whose ticks are counted and answered by the test. */
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
    for (let i = 0; i < 3; i += 1) await nextTurn();
  };
  return { loop, clock, errors, settle, ticks: () => ticks };
}

test("a tick follows when its wait is over, and not before", async () => {
  const { clock, settle, ticks } = startLoop(async () => 500);
  await settle();
  clock.moveTo(FROM + 499);
  await settle();
  expect(ticks()).toBe(1);
  clock.moveTo(FROM + 500);
  await settle();
  expect(ticks()).toBe(2);
});

test("a wait of null ends with a wake alone", async () => {
  const { loop, clock, settle, ticks } = startLoop(async () => null);
  await settle();
  clock.moveTo(FROM + 1_000_000_000);
  await settle();
  expect(ticks()).toBe(1);
  loop.wake();
  await settle();
  expect(ticks()).toBe(2);
});

test("wakes during a tick lead to one more tick, without asking for the wait", async () => {
  let asked = 0;
  const tick = Promise.withResolvers<void>();
  const { loop, settle, ticks } = startLoop(async (n) => {
    if (n === 1) await tick.promise;
    return async () => {
      asked += 1;
      return null;
    };
  });
  for (let i = 0; i < 3; i += 1) loop.wake();
  tick.resolve();
  await settle();
  expect(ticks()).toBe(2);
  expect(asked).toBe(1);
});

test("a tick that fails is logged and tried again, later each time, up to 5 s", async () => {
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

test("a tick that works again starts the waits anew", async () => {
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

test("stop waits for the tick under way and takes no other", async () => {
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

import { expect, test } from "vitest";
import { createWakeSignal } from "./wake-signal.ts";

const LONG_MS = 60_000;

test("a wake ends the wait", async () => {
  const signal = createWakeSignal();
  const waiting = signal.wait(LONG_MS);
  signal.wake();
  expect(await waiting).toBe(true);
});

test("wakes that come before the wait end it immediately, and only once", async () => {
  const signal = createWakeSignal();
  signal.wake();
  signal.wake();
  expect(await signal.wait(LONG_MS)).toBe(true);
  expect(await signal.wait(1)).toBe(false);
});

test("a wait that times out leaves nothing to the next one", async () => {
  const signal = createWakeSignal();
  expect(await signal.wait(1)).toBe(false);
  const waiting = signal.wait(LONG_MS);
  signal.wake();
  expect(await waiting).toBe(true);
});

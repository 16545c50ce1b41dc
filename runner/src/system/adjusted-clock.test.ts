import { expect, test } from "vitest";
import { createAdjustedClock } from "./adjusted-clock.ts";

function createMachine() {
  const machine = { now: 1_000_000, monotonic: 500 };
  const clock = createAdjustedClock({
    now: () => machine.now,
    monotonic: () => machine.monotonic,
    sleep: () => Promise.resolve(),
  });
  return { machine, clock };
}

test("it is the machine's clock until it is set", () => {
  const { machine, clock } = createMachine();
  machine.now += 5;
  expect(clock.now()).toBe(1_000_005);
});

test("it is the server's clock from then on, whatever happens to the machine's", () => {
  const { machine, clock } = createMachine();
  clock.setTo(3_600_000, machine.monotonic);
  machine.monotonic += 20;
  machine.now = 0;
  expect(clock.now()).toBe(3_600_020);
});

test("what a slow answer differs by does not move it, and more does", () => {
  const { machine, clock } = createMachine();
  clock.setTo(3_600_000, machine.monotonic);
  clock.setTo(3_599_980, machine.monotonic);
  expect(clock.now()).toBe(3_600_000);
  clock.setTo(3_599_000, machine.monotonic);
  expect(clock.now()).toBe(3_599_000);
});

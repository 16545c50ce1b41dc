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

/** Measured at once. */
const at = (now: number, monotonic: number) => ({ now, from: monotonic, to: monotonic });

test("it is the server's clock from then on, whatever happens to the machine's", () => {
  const { machine, clock } = createMachine();
  clock.setTo(at(3_600_000, machine.monotonic));
  machine.monotonic += 20;
  machine.now = 0;
  expect(clock.now()).toBe(3_600_020);
});

test("it follows the server's clock when that is set", () => {
  const { machine, clock } = createMachine();
  clock.setTo(at(3_600_000, machine.monotonic));
  clock.setTo(at(3_599_980, machine.monotonic));
  expect(clock.now()).toBe(3_599_980);
  clock.setTo(at(7_200_000, machine.monotonic));
  expect(clock.now()).toBe(7_200_000);
});

test.each([
  ["on its way there", 2_990],
  ["on its way back", 10],
  ["on both ways", 1_500],
])("an answer that was slow %s does not move it", (_, thereMs) => {
  const { machine, clock } = createMachine();
  clock.setTo(at(3_600_000, machine.monotonic));
  const from = machine.monotonic;
  machine.monotonic += 3_000;
  clock.setTo({ now: 3_600_000 + thereMs, from, to: machine.monotonic });
  expect(clock.now()).toBe(3_603_000);
});

test("a slow answer moves it as far as is certain", () => {
  const { machine, clock } = createMachine();
  clock.setTo(at(3_600_000, machine.monotonic));
  const from = machine.monotonic;
  machine.monotonic += 1_000;
  clock.setTo({ now: 3_610_000, from, to: machine.monotonic });
  expect(clock.now()).toBe(3_610_000);
});

test("the first answer can be slow, and a quick one corrects it", () => {
  const { machine, clock } = createMachine();
  const from = machine.monotonic;
  machine.monotonic += 1_000;
  clock.setTo({ now: 3_600_000, from, to: machine.monotonic });
  expect(clock.now()).toBe(3_600_500);
  clock.setTo(at(3_601_000, machine.monotonic));
  expect(clock.now()).toBe(3_601_000);
});

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Answer } from "../../domain/delivery.ts";
import { createWorld, HOOK, type EngineInTest, type World } from "../../../test/support/engine.ts";
import { answered } from "../../../test/support/scripted-sender.ts";
import { LEASE_MS } from "../upkeep/lease.ts";

let world: World;
let engine: EngineInTest;
/** The answers of the attempts, in their order. */
let answers: ((answer: Answer) => void)[];
beforeEach(async () => {
  world = await createWorld();
  answers = [];
  engine = await world.startEngine({
    run: (step) => step.complete(),
    answer: () => new Promise((resolve) => answers.push(resolve)),
    // The leases expire while the attempts are in flight.
    intercept: (store) => ({ ...store, renewLeases: async () => ({ jobs: [], deliveries: [] }) }),
  });
});
afterEach(() => world.close());

const sequences = () => engine.sender.sent.map(({ event }) => event.sequence);

async function answer(attempt: number): Promise<void> {
  answers[attempt - 1]?.(answered(200));
  await world.settle();
}

test("a delivery that is claimed again while it is in flight is sent immediately after that", async () => {
  await engine.submit({ webhook: { ...HOOK, on: ["completed"] } });
  await world.runUntil(world.clock.now() + LEASE_MS + 15_000);
  expect(sequences()).toEqual([3]);
  await answer(1);
  expect(sequences()).toEqual([3, 3]);
});

test("a delivery that is handed over while it is in flight is sent after that", async () => {
  const jobId = await engine.submit({ webhook: { ...HOOK, on: ["started", "completed"] } });
  await world.settle();
  await answer(1);
  await world.runUntil(world.clock.now() + LEASE_MS / 2);
  const { items } = await world.store.deliveries({ jobId }, { limit: 10, cursor: null });
  await engine.engine.redeliver(items.find(({ sequence }) => sequence === 1)?.id ?? "");
  await world.runUntil(world.clock.now() + LEASE_MS / 2 + 10_000);
  expect(sequences()).toEqual([1, 3, 1]);
  // The delivery of event 3 is free again, and becomes due with this answer.
  await answer(3);
  expect(sequences()).toEqual([1, 3, 1]);
  await answer(2);
  expect(sequences()).toEqual([1, 3, 1, 3]);
});

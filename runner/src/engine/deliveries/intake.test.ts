import { afterEach, beforeEach, expect, test } from "vitest";
import type { Answer } from "../../domain/delivery.ts";
import type { Store } from "../../ports/store/store.ts";
import {
  createWorld,
  HOOK,
  interceptCalls,
  type EngineInTest,
  type World,
} from "../../../test/support/engine.ts";
import { holdReplies } from "../../../test/support/held-replies.ts";
import { answered } from "../../../test/support/scripted-sender.ts";

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const complete = (step: { complete(): void }): void => step.complete();
const COMPLETED = { ...HOOK, on: ["completed"] as const };
const NEVER = new Promise<Answer>(() => {});

/** Records the names of the store's calls. */
function recording(calls: string[]): (store: Store) => Store {
  return (store) =>
    interceptCalls(store, (call, name) => {
      calls.push(name);
      return call();
    });
}

test("a job with room runs and is reported without one claim", async () => {
  const calls: string[] = [];
  const { submit, sender } = await world.startEngine({
    run: complete,
    intercept: recording(calls),
  });
  await world.settle();
  calls.length = 0;
  const id = await submit({ webhook: HOOK });
  await world.settle();
  expect((await world.job(id)).status).toBe("completed");
  expect(sender.sent.map(({ event }) => event.sequence)).toEqual([1, 2, 3]);
  expect(calls).not.toContain("claimDeliveries");
  expect(calls).not.toContain("claimJobs");
});

test("what is too much for a new endpoint is released, and sent as it answers", async () => {
  const answer = Promise.withResolvers<Answer>();
  const { submit, sender } = await world.startEngine({
    threads: 8,
    run: complete,
    answer: () => answer.promise,
    maxDeliveriesInFlight: 200,
  });
  const ids = await Promise.all(Array.from({ length: 40 }, () => submit({ webhook: HOOK })));
  await world.settle();
  expect(sender.inFlight()).toBe(2);
  answer.resolve(answered(200));
  await world.settle();
  await world.settle();
  expect((await world.store.counts()).deliveries).toMatchObject({ delivered: 3 * ids.length });
  expect(sender.sent.length).toBe(3 * ids.length);
});

test("an endpoint that is known to be full is handed nothing", async () => {
  const calls: string[] = [];
  const { submit, sender } = await world.startEngine({
    run: complete,
    answer: () => NEVER,
    intercept: recording(calls),
    maxDeliveriesInFlight: 200,
  });
  for (let n = 0; n < 3; n += 1) {
    await submit({ webhook: COMPLETED });
    await world.settle();
  }
  expect(sender.inFlight()).toBe(2);
  expect(calls).not.toContain("releaseDeliveries");
});

/** Stores a delivery to each of so many endpoints, and sends none. */
async function storeDeliveries(count: number, input: string): Promise<void> {
  const { engine, submit } = await world.startEngine({ run: complete, maxDeliveriesInFlight: 0 });
  await submitMany({ submit }, count, input);
  await engine.stop({ graceMs: 0 });
}

let endpoints = 0;

async function submitMany({ submit }: Pick<EngineInTest, "submit">, count: number, input: string) {
  for (let n = 0; n < count; n += 1) {
    const url = `http://${(endpoints += 1)}.test/`;
    await submit({ input, webhook: { ...HOOK, url, on: ["started"] } });
    await world.settle();
  }
}

test.each([
  ["deliveries", { maxDeliveriesInFlight: 16 }, ""],
  ["bytes", { maxDeliveriesInFlight: 200, maxBytesInFlight: 1_000_000 }, "x".repeat(60_000)],
])(
  "what is handed over while others are claimed keeps the limit of %s",
  async (_, limits, input) => {
    await storeDeliveries(24, input);
    const claims = holdReplies("claimDeliveries");
    claims.hold();
    const most = { deliveries: 0, bytes: 0 };
    let bytes = 0;
    const engine = await world.startEngine({
      ...limits,
      ...claims,
      threads: 8,
      run: complete,
      answer({ outgoing }) {
        most.bytes = Math.max(most.bytes, bytes);
        bytes += Buffer.byteLength(outgoing.body);
        most.deliveries = Math.max(most.deliveries, engine.sender.inFlight());
        return NEVER;
      },
    });
    await world.settle();
    await submitMany(engine, 12, input);
    claims.release();
    await world.settle();
    expect(most.deliveries).toBeGreaterThan(12);
    expect(most.deliveries).toBeLessThanOrEqual(limits.maxDeliveriesInFlight);
    expect(most.bytes).toBeLessThan(1_000_000);
  },
);

test("what is handed over to a daemon that stops is released unsent, before it has stopped", async () => {
  const records = holdReplies("recordAttempt");
  const releases = holdReplies("releaseDeliveries");
  const { engine, sender, submit } = await world.startEngine({
    run: complete,
    intercept: (store) => releases.intercept(records.intercept(store)),
  });
  records.hold();
  releases.hold();
  await submit({ webhook: HOOK });
  await world.settle();
  let hasStopped = false;
  const stopped = engine.stop({ graceMs: 1_000 }).then(() => (hasStopped = true));
  await world.settle();
  records.release();
  await world.settle();
  expect(hasStopped).toBe(false);
  releases.release();
  await stopped;
  expect(sender.sent.map(({ event }) => event.sequence)).toEqual([1]);
  const request = { now: world.clock.now(), limit: 10, except: [] };
  expect(await world.store.dueDestinations(request)).toHaveLength(1);
});

import { afterEach, beforeEach, expect, test } from "vitest";
import {
  attemptOf,
  claimDue,
  claimOf,
  claimOne,
  deliveryClaimOf,
} from "../../../test/conformance/given.ts";
import { createWorld, HOOK, type EngineInTest, type World } from "../../../test/support/engine.ts";
import { answered } from "../../../test/support/scripted-sender.ts";
import { until } from "../../../test/support/until.ts";
import type { Answer } from "../../domain/delivery.ts";
import type { Claims } from "../../ports/store/upkeep.ts";
import { LEASE_MS } from "./lease.ts";

/** How often leases are renewed. */
const RENEWAL_MS = LEASE_MS / 3;
const OTHER = "owner_other";

let world: World;
beforeEach(async () => void (world = await createWorld({ exclusive: false })));
afterEach(() => world.close());

/** Another daemon takes over what the first has claimed, as if its leases had expired. */
async function takeOver(): Promise<{ owner: string; now: number }> {
  const now = world.clock.now();
  await world.store.reap({ owner: OTHER, now: now + LEASE_MS + 1 });
  return { owner: OTHER, now };
}

async function keep(claims: Claims): Promise<void> {
  await world.store.renewLeases(claims, { leaseUntil: world.clock.now() + 60 * LEASE_MS });
}

function lostLeases({ logged }: EngineInTest): object[] {
  return logged.filter(({ message }) => message === "leases.lost").map(({ fields }) => fields);
}

test("a daemon that has lost a job stops its step at the next renewal, and says so once", async () => {
  const engine = await world.startEngine();
  const id = await engine.submit();
  const step = await engine.pool.step(1);
  await world.settle();
  const taken = await claimOne(world.store, await takeOver());
  expect(taken.id).toBe(id);
  await keep({ jobs: [claimOf(taken)], deliveries: [] });
  await world.runUntil(world.clock.now() + RENEWAL_MS);
  expect(step.hooks.signal.aborted).toBe(true);
  expect(lostLeases(engine)).toEqual([{ jobs: 1, deliveries: 0 }]);
  expect(await world.job(id)).toMatchObject({ status: "running", owner: OTHER });
  await world.runUntil(world.clock.now() + RENEWAL_MS);
  expect(lostLeases(engine)).toHaveLength(1);
});

test("a daemon that has lost a delivery says so once, and drops the outcome of its attempt", async () => {
  const pending = Promise.withResolvers<Answer>();
  const engine = await world.startEngine({
    run: (step) => step.complete(),
    answer: () => pending.promise,
  });
  const webhook = { ...HOOK, on: ["completed"] as const };
  await engine.submit({ webhook });
  await until("the attempt", () => engine.sender.sent.length === 1);
  const [taken] = await claimDue(world.store, await takeOver());
  await keep({ jobs: [], deliveries: [deliveryClaimOf(taken!)] });
  await world.runUntil(world.clock.now() + RENEWAL_MS);
  expect(lostLeases(engine)).toEqual([{ jobs: 0, deliveries: 1 }]);
  await world.runUntil(world.clock.now() + RENEWAL_MS);
  expect(lostLeases(engine)).toHaveLength(1);
  pending.resolve(answered(200));
  await world.settle();
  expect(await world.store.delivery(taken!.id)).toMatchObject({ state: "due", attempts: 0 });
  expect(engine.logged.map(({ message }) => message)).not.toContain("delivery.claim-lost");
  const outcome = attemptOf(taken!, { state: "delivered", at: world.clock.now() });
  expect(await world.store.recordAttempt(outcome)).not.toBe("lost");
});

test("an attempt that ends before its lost claim is noticed is logged as lost, and stores nothing", async () => {
  const pending = Promise.withResolvers<Answer>();
  const { logged, sender, submit } = await world.startEngine({
    run: (step) => step.complete(),
    answer: () => pending.promise,
  });
  await submit({ webhook: { ...HOOK, on: ["completed"] } });
  await until("the attempt", () => sender.sent.length === 1);
  const [taken] = await claimDue(world.store, await takeOver());
  pending.resolve(answered(200));
  await until("the line", () => logged.some(({ message }) => message === "delivery.claim-lost"));
  expect(await world.store.delivery(taken!.id)).toMatchObject({ state: "due", attempts: 0 });
});

test("an attempt keeps its claim for as long as it takes", async () => {
  const pending = Promise.withResolvers<Answer>();
  const engine = await world.startEngine({
    run: (step) => step.complete(),
    answer: () => pending.promise,
  });
  await engine.submit({ webhook: { ...HOOK, on: ["completed"] } });
  await until("the attempt", () => engine.sender.sent.length === 1);
  await world.runUntil(world.clock.now() + 5 * 60_000);
  pending.resolve(answered(200));
  await until("the end", async () => (await world.store.counts()).deliveries.delivered === 1);
  expect(engine.sender.sent).toHaveLength(1);
  expect(lostLeases(engine)).toEqual([]);
});

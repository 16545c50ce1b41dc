import { describe, expect, test } from "vitest";
import type { NewWebhook } from "../../src/ports/store/webhooks.ts";
import {
  beatAt,
  attemptOf,
  beginning,
  claimDue,
  claimOf,
  claimOne,
  completeAll,
  deliveriesOf,
  newWebhook,
  prune,
  register,
  submit,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const MAX_AGE_MS = 10_000;

export function ageConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  /** Starts a job: its `started` event is due at `at`, to its own webhook and persistent ones. */
  async function startJob(at: number, key = "a"): Promise<void> {
    const webhook = newWebhook({ destination: { key, ratePerSecond: null }, on: ["started"] });
    await submit(t.store, { webhook });
    const job = await claimOne(t.store, { now: at });
    await t.store.commitTransition(claimOf(job), beginning(job, at));
  }
  async function registerOne(): Promise<NewWebhook> {
    const webhook = await register(t.store, { on: ["started"] });
    await submit(t.store);
    const job = await claimOne(t.store);
    await t.store.commitTransition(claimOf(job), beginning(job, 100));
    return webhook;
  }
  const giveUp = (now: number, limit = 100) =>
    t.store.giveUpOldDeliveries({ now, maxAgeMs: MAX_AGE_MS, limit });
  const states = async () => (await deliveriesOf(t.store)).map(({ state }) => state);
  /** A daemon that is up between two instants. */
  async function run(from: number, until: number): Promise<void> {
    for (let now = from; now <= until; now += 100)
      await t.store.beat(beatAt(now, { maxGapMs: 100 }));
  }

  describe("giveUpOldDeliveries", () => {
    test("gives up what was never attempted, at the maximum age and not before, with a reason", async () => {
      await startJob(100);
      expect(await giveUp(100 + MAX_AGE_MS - 1)).toBe(0);
      expect(await giveUp(100 + MAX_AGE_MS)).toBe(1);
      expect(await deliveriesOf(t.store)).toMatchObject([
        { state: "dead", attempts: 0, endedAt: 100 + MAX_AGE_MS, dueAt: null },
      ]);
      const [delivery] = await deliveriesOf(t.store);
      expect(delivery?.reason).toContain("without an attempt: the event is older than 10 seconds");
      expect(await claimDue(t.store, { now: 1_000_000 })).toEqual([]);
    });

    test("gives up retries that an open circuit keeps from being made", async () => {
      for (let n = 0; n < 6; n += 1) await startJob(100 + n);
      for (const each of await claimDue(t.store, { now: 200 })) {
        const failed = { kind: "failed" as const, pauseMs: 60_000 };
        await t.store.recordAttempt(attemptOf(each, { state: "due", dueAt: 300 }, failed));
      }
      expect(await giveUp(102 + MAX_AGE_MS)).toBe(3);
      expect((await deliveriesOf(t.store))[0]?.reason).toContain("after 1 attempt: ");
      expect(await states()).toEqual(["dead", "dead", "dead", "due", "due", "due"]);
    });

    test("gives up the events of a job one after another, each at its own age", async () => {
      await submit(t.store, { webhook: newWebhook() });
      await completeAll(t.store, await claimOne(t.store), 500);
      expect(await states()).toEqual(["due", "waiting", "waiting", "waiting"]);
      expect(await giveUp(400 + MAX_AGE_MS)).toBe(1);
      expect(await giveUp(400 + MAX_AGE_MS)).toBe(0);
      expect(await states()).toEqual(["dead", "due", "waiting", "waiting"]);
      for (let n = 0; n < 3; n += 1) expect(await giveUp(500 + MAX_AGE_MS)).toBe(1);
      expect(await states()).toEqual(["dead", "dead", "dead", "dead"]);
    });

    test("gives up no more than the limit, and leaves a delivery in flight alone", async () => {
      await startJob(100, "in flight");
      await claimDue(t.store, { now: 100 });
      for (let n = 0; n < 5; n += 1) await startJob(100, `endpoint ${n % 2}`);
      expect([await giveUp(90_000, 3), await giveUp(90_000, 3)]).toEqual([3, 2]);
      expect(await states()).toEqual(["due", "dead", "dead", "dead", "dead", "dead"]);
    });

    test("counts from when an operator had it sent again", async () => {
      await startJob(100);
      await giveUp(90_000);
      const [delivery] = await deliveriesOf(t.store);
      await t.store.redeliver(delivery!.id, { now: 95_000 });
      expect(await giveUp(95_000 + MAX_AGE_MS - 1)).toBe(0);
      expect(await giveUp(95_000 + MAX_AGE_MS)).toBe(1);
    });

    test("counts a recovered delivery from its recovery", async () => {
      const { id } = await registerOne();
      await giveUp(90_000);
      const request = { destination: id, since: 0, limit: 10, now: 95_000 };
      expect((await t.store.recoverDeliveries(request)).recovered).toBe(1);
      expect(await giveUp(95_000 + MAX_AGE_MS - 1)).toBe(0);
      expect(await giveUp(95_000 + MAX_AGE_MS)).toBe(1);
    });
  });

  describe("time that does not count", () => {
    test("is time in which no daemon was up", async () => {
      await run(0, 200);
      await startJob(200);
      await run(60_200, 60_300);
      expect(await giveUp(60_200 + MAX_AGE_MS - 1)).toBe(0);
      expect(await giveUp(60_200 + MAX_AGE_MS)).toBe(1);
    });

    test("is time in which the webhook was paused, and it is left alone during the pause", async () => {
      const { id } = await registerOne();
      await t.store.updateWebhook(id, { state: "paused" }, { now: 1_100 });
      await t.store.updateWebhook(id, { state: "paused" }, { now: 50_000 });
      expect(await giveUp(90_000)).toBe(0);
      await t.store.updateWebhook(id, { state: "active" }, { now: 101_100 });
      expect(await giveUp(100_000 + 99 + MAX_AGE_MS)).toBe(0);
      expect(await giveUp(100_000 + 100 + MAX_AGE_MS)).toBe(1);
    });

    test("counts once when a paused webhook's daemon was down", async () => {
      const { id } = await registerOne();
      await run(100, 200);
      await t.store.updateWebhook(id, { state: "paused" }, { now: 200 });
      await run(50_200, 50_300);
      await t.store.updateWebhook(id, { state: "active" }, { now: 60_200 });
      expect(await giveUp(60_000 + 99 + MAX_AGE_MS)).toBe(0);
      expect(await giveUp(60_000 + 100 + MAX_AGE_MS)).toBe(1);
    });
  });

  describe("recordAttempt", () => {
    test("gives up a delivery that would be too old at its next retry, and says so", async () => {
      await startJob(100);
      const [delivery] = await claimDue(t.store, { now: 200 });
      const retry = (dueAt: number) =>
        attemptOf(delivery!, { state: "due", dueAt }, undefined, { maxAgeMs: MAX_AGE_MS });
      const recorded = await t.store.recordAttempt(retry(100 + MAX_AGE_MS));
      const [dead] = await deliveriesOf(t.store);
      expect(dead).toMatchObject({ state: "dead", attempts: 1 });
      expect(dead?.reason).toContain(
        "Given up after 1 attempt: the event is older than 10 seconds",
      );
      expect(recorded).toMatchObject({ tooOld: dead?.reason });
    });

    test("leaves a delivery its retry while it is young enough, not counting time down", async () => {
      await run(0, 200);
      await startJob(200);
      await run(60_200, 60_300);
      const [delivery] = await claimDue(t.store, { now: 60_300 });
      const outcome = { state: "due" as const, at: 60_300, dueAt: 60_199 + MAX_AGE_MS };
      const retry = attemptOf(delivery!, outcome, undefined, { maxAgeMs: MAX_AGE_MS });
      expect(await t.store.recordAttempt(retry)).toBeNull();
      expect(await states()).toEqual(["due"]);
    });
  });

  test("pruneJobs keeps a job whose delivery was given up recently, so that it can be recovered", async () => {
    const { id } = await register(t.store, { on: ["completed"] });
    await submit(t.store);
    await completeAll(t.store, await claimOne(t.store), 100);
    await giveUp(50_000);
    expect(await prune(t.store, { endedBefore: 50_000, limit: 10 })).toBe(0);
    const request = { destination: id, since: 0, limit: 10, now: 50_000 };
    expect((await t.store.recoverDeliveries(request)).recovered).toBe(1);
    await giveUp(90_000);
    expect(await prune(t.store, { endedBefore: 90_001, limit: 10 })).toBe(1);
  });
}

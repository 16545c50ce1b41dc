import { describe, expect, test } from "vitest";
import type { ClaimedDelivery, DeliverySummary } from "../../src/ports/store/deliveries.ts";
import {
  asksToWait,
  attemptOf,
  claimDue,
  claimOne,
  complete,
  completeOne,
  completeWithWebhook,
  deliverAll,
  deliveriesOf,
  deliveryClaimOf,
  register,
  start,
  submit,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function recoveryConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  /** Ends everything that is due, and what becomes due then, with one attempt each. */
  async function endAll(toState: (delivery: ClaimedDelivery) => "delivered" | "dead") {
    for (;;) {
      const due = await claimDue(t.store);
      if (due.length === 0) return;
      for (const each of due) {
        await t.store.recordAttempt(attemptOf(each, { state: toState(each), reason: "r" }));
      }
    }
  }

  const states = (items: readonly DeliverySummary[]) => items.map(({ state }) => state).join(" ");

  describe("redeliver", () => {
    test.each(["delivered", "dead"] as const)(
      "makes a %s delivery due immediately, with no retry left",
      async (state) => {
        await completeWithWebhook(t.store, { on: ["started"], retries: 3 });
        await endAll(() => state);
        const [ended] = await deliveriesOf(t.store);
        expect(await t.store.redeliver(ended!.id, { now: 200 })).toBe(true);
        expect(await t.store.delivery(ended!.id)).toMatchObject({
          state: "due",
          dueAt: 200,
          endedAt: null,
          reason: null,
        });
        expect(await claimDue(t.store, { now: 199 })).toEqual([]);
        const [again] = await claimDue(t.store, { now: 200 });
        expect(again).toMatchObject({ id: ended!.id, attempts: 1, retriesUsed: 3 });
      },
    );

    test("makes a delivery that waits for its retry due now, and keeps its retries", async () => {
      await completeWithWebhook(t.store, { on: ["started"] });
      const [delivery] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "due", dueAt: 5_000 }));
      expect(await t.store.redeliver(delivery!.id, { now: 200 })).toBe(true);
      const again = await claimDue(t.store, { now: 200 });
      expect(again).toMatchObject([{ id: delivery!.id, retriesUsed: 1 }]);
      await t.store.recordAttempt(attemptOf(again[0]!, { state: "delivered", at: 200 }));
      expect(await claimDue(t.store, { now: 6_000 })).toEqual([]);
    });

    test("ends a pause of the destination, but only if it changes the delivery", async () => {
      await completeWithWebhook(t.store);
      const [delivery] = await claimDue(t.store);
      const asked = attemptOf(delivery!, { state: "due", dueAt: 150 }, asksToWait(5_000));
      await t.store.recordAttempt(asked);
      const [, second] = await deliveriesOf(t.store);
      expect(await t.store.redeliver(second!.id, { now: 200 })).toBe(false);
      expect(await claimDue(t.store, { now: 200 })).toEqual([]);
      expect(await t.store.redeliver(delivery!.id, { now: 200 })).toBe(true);
      expect(await claimDue(t.store, { now: 200 })).toMatchObject([{ id: delivery!.id }]);
    });

    test("does not postpone a delivery that is due", async () => {
      await completeWithWebhook(t.store, { on: ["started"] });
      const [due] = await deliveriesOf(t.store);
      expect(await t.store.redeliver(due!.id, { now: 900 })).toBe(true);
      expect((await t.store.delivery(due!.id))?.dueAt).toBe(11);
    });

    test("returns false for a delivery that is in flight, waiting, or unknown", async () => {
      await completeWithWebhook(t.store);
      const [first, second] = await deliveriesOf(t.store);
      expect(await t.store.redeliver(second!.id, { now: 200 })).toBe(false);
      await claimDue(t.store);
      expect(await t.store.redeliver(first!.id, { now: 200 })).toBe(false);
      expect(await t.store.redeliver("dlv_999999999", { now: 200 })).toBe(false);
      expect(await t.store.redeliver("nonsense", { now: 200 })).toBe(false);
      expect(states(await deliveriesOf(t.store))).toBe("due waiting waiting waiting");
    });

    test("makes later deliveries with the same ordering key wait for it", async () => {
      await completeWithWebhook(t.store);
      const [delivery] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", reason: "r" }));
      expect(states(await deliveriesOf(t.store))).toBe("dead due waiting waiting");
      await t.store.redeliver(delivery!.id, { now: 200 });
      expect(states(await deliveriesOf(t.store))).toBe("due waiting waiting waiting");
      const [again] = await claimDue(t.store, { now: 200 });
      await t.store.recordAttempt(attemptOf(again!, { state: "delivered" }));
      expect(states(await deliveriesOf(t.store))).toBe("delivered due waiting waiting");
    });

    test("leaves a delivery in flight alone, but makes its retry wait", async () => {
      await completeWithWebhook(t.store);
      const [first] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(first!, { state: "dead", reason: "r" }));
      const [second] = await claimDue(t.store);
      expect(await t.store.redeliver(first!.id, { now: 200 })).toBe(true);
      expect(states(await deliveriesOf(t.store))).toBe("due due waiting waiting");
      await t.store.recordAttempt(attemptOf(second!, { state: "due", dueAt: 300 }));
      expect(states(await deliveriesOf(t.store))).toBe("due waiting waiting waiting");
      const [again] = await claimDue(t.store, { now: 200 });
      await t.store.recordAttempt(attemptOf(again!, { state: "delivered" }));
      expect(states(await deliveriesOf(t.store))).toBe("delivered due waiting waiting");
      expect(await claimDue(t.store, { now: 200 })).toMatchObject([
        { id: second!.id, attempts: 1 },
      ]);
    });

    test("makes a later delivery wait that is released", async () => {
      await completeWithWebhook(t.store);
      const [first] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(first!, { state: "dead", reason: "r" }));
      const [second] = await claimDue(t.store);
      await t.store.redeliver(first!.id, { now: 200 });
      await t.store.releaseDeliveries([deliveryClaimOf(second!)]);
      expect(states(await deliveriesOf(t.store))).toBe("due waiting waiting waiting");
    });

    test("makes later events of its job wait", async () => {
      await submit(t.store);
      const { id } = await register(t.store);
      const job = await start(t.store, await claimOne(t.store));
      await endAll(() => "delivered");
      const [first] = await deliveriesOf(t.store, { webhookId: id });
      await t.store.redeliver(first!.id, { now: 200 });
      await completeOne(t.store, job);
      expect(states(await deliveriesOf(t.store, { webhookId: id }))).toBe("due waiting");
    });
  });

  describe("a webhook that is off", () => {
    test("gets nothing again from redeliver, redeliverJob and recoverDeliveries, until it is on", async () => {
      const { id } = await register(t.store, { on: ["completed"] });
      const job = await complete(t.store);
      await endAll(() => "dead");
      const [dead] = await deliveriesOf(t.store);
      const again = async () => ({
        one: await t.store.redeliver(dead!.id, { now: 200 }),
        job: await t.store.redeliverJob(job.id, { failedBy: 200, limit: 100, now: 200 }),
        all: await t.store.recoverDeliveries({ destination: id, since: 0, limit: 100, now: 200 }),
      });
      await t.store.updateWebhook(id, { state: "off", reason: "r" }, { now: 150 });
      expect(await again()).toEqual({
        one: false,
        job: { redelivered: 0, destinations: [] },
        all: { recovered: 0, more: false },
      });
      expect(states(await deliveriesOf(t.store))).toBe("dead");
      await t.store.updateWebhook(id, { state: "active", reason: null }, { now: 160 });
      expect(await t.store.redeliver(dead!.id, { now: 200 })).toBe(true);
      expect(await claimDue(t.store, { now: 200 })).toMatchObject([{ id: dead!.id }]);
    });
  });

  describe("recoverDeliveries", () => {
    const request = { since: 0, limit: 100, now: 200 };

    test("ends a pause of the destination", async () => {
      const { id } = await register(t.store, { on: ["completed"] });
      await complete(t.store);
      await complete(t.store);
      const [first, second] = await claimDue(t.store);
      const asked = attemptOf(first!, { state: "dead", reason: "r" }, asksToWait(5_000));
      await t.store.recordAttempt(asked);
      await t.store.releaseDeliveries([deliveryClaimOf(second!)]);
      expect(await claimDue(t.store, { now: 200 })).toEqual([]);
      await t.store.recoverDeliveries({ ...request, destination: id });
      expect(await claimDue(t.store, { now: 200 })).toHaveLength(2);
    });

    test("sends dead deliveries again in order, and does not change delivered ones", async () => {
      const { id } = await register(t.store);
      const jobs = [await complete(t.store), await complete(t.store)];
      await endAll(({ sequence }) => (sequence === 3 ? "delivered" : "dead"));
      expect(await t.store.recoverDeliveries({ ...request, destination: id })).toEqual({
        recovered: 6,
        more: false,
      });
      for (const job of jobs) {
        const stored = await deliveriesOf(t.store, { jobId: job.id });
        expect(states(stored)).toBe("due waiting delivered waiting");
        expect(stored[0]).toMatchObject({ dueAt: 200, endedAt: null, reason: null });
      }
      const sent = await deliverAll(t.store, { now: 200 });
      for (const job of jobs) {
        const ofJob = sent.filter(({ subjectId }) => subjectId === job.id);
        expect(ofJob.map(({ sequence }) => sequence)).toEqual([1, 2, 4]);
      }
      expect(await t.store.recoverDeliveries({ ...request, destination: id })).toEqual({
        recovered: 0,
        more: false,
      });
    });

    test("restores all retries, and keeps counting attempts", async () => {
      const { id } = await register(t.store, { on: ["started"] });
      await complete(t.store);
      const [delivery] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "due", dueAt: 110 }));
      await endAll(() => "dead");
      const [again] = await claimDue(t.store, { now: 110 });
      await t.store.recordAttempt(attemptOf(again!, { state: "dead", reason: "r", at: 110 }));
      await t.store.recoverDeliveries({ ...request, destination: id });
      expect(await claimDue(t.store, { now: 200 })).toMatchObject([
        { id: delivery!.id, attempts: 2, retriesUsed: 0 },
      ]);
    });

    test("recovers only deliveries of events since the instant", async () => {
      const { id } = await register(t.store, { on: ["completed"] });
      const jobs = [
        await complete(t.store, {}, 49),
        await complete(t.store, {}, 50),
        await complete(t.store, {}, 51),
      ];
      await endAll(() => "dead");
      await t.store.recoverDeliveries({ ...request, destination: id, since: 50 });
      const found = await Promise.all(jobs.map((job) => deliveriesOf(t.store, { jobId: job.id })));
      expect(found.map(states)).toEqual(["dead", "due", "due"]);
    });

    test("makes deliveries that wait for a retry due now", async () => {
      const { id } = await register(t.store, { on: ["started"] });
      await complete(t.store);
      const [delivery] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "due", dueAt: 5_000 }));
      const recover = () => t.store.recoverDeliveries({ ...request, destination: id });
      expect(await recover()).toEqual({ recovered: 1, more: false });
      expect(await recover()).toEqual({ recovered: 0, more: false });
      expect(await claimDue(t.store, { now: 200 })).toMatchObject([{ retriesUsed: 1 }]);
    });

    test("continues where the limit ended the previous call", async () => {
      const { id } = await register(t.store);
      const job = await complete(t.store);
      await endAll(() => "dead");
      const recover = () => t.store.recoverDeliveries({ ...request, destination: id, limit: 3 });
      expect(await recover()).toEqual({ recovered: 3, more: true });
      expect(states(await deliveriesOf(t.store))).toBe("due waiting waiting dead");
      expect(await recover()).toEqual({ recovered: 1, more: false });
      const sent = await deliverAll(t.store, { now: 200 });
      expect(sent.map(({ subjectId, sequence }) => [subjectId, sequence])).toEqual(
        [1, 2, 3, 4].map((sequence) => [job.id, sequence]),
      );
    });

    test("leaves alone what has failed again since an earlier call of the same instant", async () => {
      const { id } = await register(t.store, { on: ["started"] });
      for (let n = 0; n < 3; n += 1) await complete(t.store);
      await endAll(() => "dead");
      const recover = () => t.store.recoverDeliveries({ ...request, destination: id, limit: 2 });
      expect(await recover()).toEqual({ recovered: 2, more: true });
      const [dead, late] = await claimDue(t.store, { now: 200 });
      const at = { at: 200 };
      await t.store.recordAttempt(attemptOf(dead!, { ...at, state: "dead", reason: "r" }));
      await t.store.recordAttempt(attemptOf(late!, { ...at, state: "due", dueAt: 900 }));
      expect(await recover()).toEqual({ recovered: 1, more: false });
      expect(await recover()).toEqual({ recovered: 0, more: false });
    });

    test("makes later due deliveries wait, except those in flight", async () => {
      const { id } = await register(t.store);
      await complete(t.store);
      const [first] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(first!, { state: "dead", reason: "r" }));
      await t.store.recoverDeliveries({ ...request, destination: id });
      expect(states(await deliveriesOf(t.store))).toBe("due waiting waiting waiting");
      const [again] = await claimDue(t.store, { now: 200 });
      await t.store.recordAttempt(attemptOf(again!, { state: "dead", reason: "r" }));
      await claimDue(t.store, { now: 200 });
      await t.store.recoverDeliveries({ ...request, destination: id, now: 201 });
      expect(states(await deliveriesOf(t.store))).toBe("due due waiting waiting");
    });

    test("does not change another webhook's deliveries", async () => {
      const [mine, other] = [await register(t.store), await register(t.store)];
      await complete(t.store);
      await endAll(() => "dead");
      await t.store.recoverDeliveries({ ...request, destination: mine.id });
      expect(states(await deliveriesOf(t.store, { webhookId: other.id }))).toBe(
        "dead dead dead dead",
      );
      const unknown = { ...request, destination: "wh_unknown" };
      expect(await t.store.recoverDeliveries(unknown)).toEqual({ recovered: 0, more: false });
    });
  });
}

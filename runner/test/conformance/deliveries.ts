import { describe, expect, test } from "vitest";
import type { ClaimedDelivery } from "../../src/ports/store/deliveries.ts";
import {
  attemptOf,
  beginning,
  claimDue,
  claimOf,
  claimOne,
  complete,
  completeWithWebhook,
  deliverAll,
  deliveryClaimOf,
  FIRST_PAGE,
  LEASE_MS,
  newWebhook,
  start,
  submit,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function deliveryConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  async function claimDelivery(request: { now?: number } = {}): Promise<ClaimedDelivery> {
    const [delivery] = await claimDue(t.store, { ...request, limit: 1 });
    if (delivery === undefined) throw new Error("No delivery was due.");
    return delivery;
  }

  describe("claimDeliveries", () => {
    test("returns a delivery with everything needed to send it", async () => {
      const webhook = newWebhook({ on: ["started"], sealed: "ü", retries: 2, timeoutMs: 700 });
      const { id } = await submit(t.store, { webhook, name: "ü" });
      const job = await claimOne(t.store);
      const transition = beginning(job, 13);
      await t.store.commitTransition(claimOf(job), transition);
      const body = transition.events[0]?.body ?? "";
      expect(body).toContain("ü");
      expect(await claimDue(t.store)).toEqual([
        {
          id: expect.any(String),
          fence: expect.any(Number),
          owner: "owner_1",
          subjectId: id,
          sequence: 1,
          kind: "started",
          body,
          bytes: Buffer.byteLength(body),
          destination: expect.any(Number),
          eventAt: 13,
          target: {
            webhookId: webhook.id,
            isPersistent: false,
            url: webhook.url,
            sealed: "ü",
            retries: 2,
            timeoutMs: 700,
          },
          attempts: 0,
          retriesUsed: 0,
        },
      ]);
    });

    test("claims the earliest due first, up to the limit, and no delivery twice", async () => {
      for (const at of [30, 10, 20]) {
        await submit(t.store, { webhook: newWebhook() });
        const job = await claimOne(t.store);
        await t.store.commitTransition(claimOf(job), beginning(job, at));
      }
      const claims = await Promise.all([2, 0, 2].map((limit) => claimDue(t.store, { limit })));
      expect(claims.map((due) => due.map(({ eventAt }) => eventAt))).toEqual([[10, 20], [], [30]]);
    });

    test("claims only the first delivery with an ordering key", async () => {
      await completeWithWebhook(t.store);
      expect((await claimDue(t.store)).map(({ sequence }) => sequence)).toEqual([1]);
      expect(await claimDue(t.store)).toEqual([]);
    });

    test("does not claim a delivery before it is due", async () => {
      await completeWithWebhook(t.store);
      const delivery = await claimDelivery();
      await t.store.recordAttempt(attemptOf(delivery, { state: "due", dueAt: 500 }));
      expect(await claimDue(t.store, { now: 499 })).toEqual([]);
      expect(await claimDue(t.store, { now: 500 })).toMatchObject([
        { id: delivery.id, attempts: 1, retriesUsed: 1 },
      ]);
    });
  });

  describe("recordAttempt", () => {
    test("stores every attempt", async () => {
      await completeWithWebhook(t.store);
      const first = attemptOf(await claimDelivery(), { state: "due", dueAt: 200 });
      await t.store.recordAttempt(first);
      const second = attemptOf(await claimDelivery({ now: 200 }), { state: "delivered", at: 200 });
      await t.store.recordAttempt(second);
      const delivery = await t.store.delivery(first.deliveryId);
      expect(delivery).toMatchObject({
        state: "delivered",
        attempts: 2,
        dueAt: null,
        reason: null,
      });
      expect(delivery?.endedAt).toBeGreaterThanOrEqual(200);
      expect(delivery?.log).toEqual([first.attempt, second.attempt]);
    });

    test("stores fractions of a millisecond in a duration", async () => {
      await completeWithWebhook(t.store);
      const outcome = attemptOf(await claimDelivery(), { state: "delivered" });
      const attempt = { ...outcome.attempt, durationMs: 3.25 };
      await t.store.recordAttempt({ ...outcome, attempt });
      expect((await t.store.delivery(outcome.deliveryId))?.log).toEqual([attempt]);
    });

    test("makes the next delivery due immediately when one is delivered or dead", async () => {
      await completeWithWebhook(t.store);
      const order: number[] = [];
      for (const state of ["delivered", "dead", "delivered", "dead"] as const) {
        const delivery = await claimDelivery({ now: 100 });
        order.push(delivery.sequence);
        await t.store.recordAttempt(attemptOf(delivery, { state, reason: "r", at: 100 }));
      }
      expect(order).toEqual([1, 2, 3, 4]);
      expect(await claimDue(t.store)).toEqual([]);
      expect((await t.store.counts()).deliveries).toEqual({
        waiting: 0,
        due: 0,
        delivered: 2,
        dead: 2,
      });
    });

    test("makes later deliveries wait while the first is retried", async () => {
      await completeWithWebhook(t.store);
      await t.store.recordAttempt(attemptOf(await claimDelivery(), { state: "due", dueAt: 500 }));
      expect(await claimDue(t.store, { now: 499 })).toEqual([]);
      expect((await t.store.counts()).deliveries).toMatchObject({ due: 1, waiting: 3 });
    });

    test("does not delay another job's deliveries", async () => {
      await completeWithWebhook(t.store);
      await t.store.recordAttempt(attemptOf(await claimDelivery(), { state: "due", dueAt: 500 }));
      const other = await completeWithWebhook(t.store);
      const sent = await deliverAll(t.store);
      expect(sent.map(({ subjectId, sequence }) => [subjectId, sequence])).toEqual(
        [1, 2, 3, 4].map((sequence) => [other.id, sequence]),
      );
    });

    test("stores why a delivery is dead", async () => {
      await completeWithWebhook(t.store);
      const delivery = await claimDelivery();
      await t.store.recordAttempt(attemptOf(delivery, { state: "dead", reason: "It was 410." }));
      expect(await t.store.delivery(delivery.id)).toMatchObject({
        state: "dead",
        reason: "It was 410.",
        dueAt: null,
      });
    });

    test.each(["delivered", "due"] as const)(
      "stores an attempt once, however often it is recorded: %s",
      async (state) => {
        await completeWithWebhook(t.store);
        const outcome = attemptOf(await claimDelivery(), { state, dueAt: 500 });
        await Promise.all([t.store.recordAttempt(outcome), t.store.recordAttempt(outcome)]);
        expect((await t.store.delivery(outcome.deliveryId))?.log).toEqual([outcome.attempt]);
      },
    );

    test("does not change a delivery that is delivered", async () => {
      await completeWithWebhook(t.store);
      const delivery = await claimDelivery();
      await t.store.recordAttempt(attemptOf(delivery, { state: "delivered" }));
      const ended = await t.store.delivery(delivery.id);
      const late = { ...delivery, attempts: 1 };
      await t.store.recordAttempt(attemptOf(late, { state: "due", dueAt: 500 }));
      expect(await t.store.delivery(delivery.id)).toEqual(ended);
    });

    test("does nothing if the delivery no longer exists", async () => {
      await completeWithWebhook(t.store);
      const outcome = attemptOf(await claimDelivery(), { state: "delivered" });
      const before = await t.store.counts();
      for (const deliveryId of ["dlv_999999999", "nonsense"]) {
        await t.store.recordAttempt({ ...outcome, deliveryId });
      }
      expect(await t.store.counts()).toEqual(before);
    });
  });

  describe("releaseDeliveries", () => {
    test("makes deliveries due immediately, without counting an attempt", async () => {
      await completeWithWebhook(t.store);
      const delivery = await claimDelivery();
      await t.store.releaseDeliveries([deliveryClaimOf(delivery)]);
      expect(await claimDue(t.store)).toEqual([{ ...delivery, fence: expect.any(Number) }]);
    });

    test("ignores deliveries that have ended or are unknown", async () => {
      await completeWithWebhook(t.store);
      const delivery = await claimDelivery();
      await t.store.recordAttempt(attemptOf(delivery, { state: "delivered" }));
      const claim = deliveryClaimOf(delivery);
      const unknown = ["dlv_999999999", "nonsense"].map((id) => ({ ...claim, deliveryId: id }));
      await t.store.releaseDeliveries([claim, ...unknown]);
      expect((await t.store.delivery(delivery.id))?.state).toBe("delivered");
    });
  });

  describe("reap", () => {
    test("releases deliveries whose lease expired, without counting an attempt", async () => {
      await completeWithWebhook(t.store);
      const delivery = await claimDelivery({ now: 100 });
      await t.store.reap({ owner: "owner_1", now: 100 + LEASE_MS });
      expect(await claimDue(t.store)).toEqual([]);
      await t.store.reap({ owner: "owner_1", now: 100 + LEASE_MS + 1 });
      expect(await claimDue(t.store)).toEqual([{ ...delivery, fence: expect.any(Number) }]);
    });

    test("releases another owner's deliveries only if one daemon has the data", async () => {
      await completeWithWebhook(t.store);
      await claimDelivery();
      expect(await t.store.reap({ owner: "owner_2", now: 100 })).toBe(0);
      expect(await claimDue(t.store)).toHaveLength(t.exclusive ? 1 : 0);
    });
  });

  describe("deliveries", () => {
    test("are listed newest first, filtered by job, webhook and state", async () => {
      const first = newWebhook();
      const job = await complete(t.store, { webhook: first });
      await t.store.recordAttempt(attemptOf(await claimDelivery(), { state: "dead", reason: "r" }));
      await submit(t.store, { webhook: newWebhook({ url: "http://127.0.0.1:9/other" }) });
      const other = await start(t.store, await claimOne(t.store));
      const list = async (filter: Parameters<typeof t.store.deliveries>[0]) =>
        (await t.store.deliveries(filter, FIRST_PAGE)).items.map(
          ({ jobId, sequence, state }) => `${jobId} ${sequence} ${state}`,
        );
      const firsts = [
        `${job.id} 4 waiting`,
        `${job.id} 3 waiting`,
        `${job.id} 2 due`,
        `${job.id} 1 dead`,
      ];
      const others = [`${other.id} 1 due`];
      expect(await list({})).toEqual([...others, ...firsts]);
      expect(await list({ jobId: job.id })).toEqual(firsts);
      expect(await list({ jobId: other.id, state: "due" })).toEqual(others);
      expect(await list({ webhookId: first.id })).toEqual(firsts);
      expect(await list({ state: "dead" })).toEqual([firsts[3]]);
      const { items } = await t.store.destinations(FIRST_PAGE);
      const dead = await Promise.all(
        items.map(({ id: destinationId }) => list({ destinationId, state: "dead" })),
      );
      expect(dead.flat()).toEqual([firsts[3]]);
      expect(await list({ destinationId: "dst_999999", state: "dead" })).toEqual([]);
      expect(await list({ webhookId: first.id, jobId: other.id })).toEqual([]);
      expect(await list({ jobId: "job_unknown" })).toEqual([]);
    });

    test("are paged with a cursor that newer deliveries do not shift", async () => {
      await completeWithWebhook(t.store);
      const first = await t.store.deliveries({}, { limit: 3, cursor: null });
      await completeWithWebhook(t.store);
      const second = await t.store.deliveries({}, { limit: 3, cursor: first.nextCursor });
      const sequences = [...first.items, ...second.items].map(({ sequence }) => sequence);
      expect(sequences).toEqual([4, 3, 2, 1]);
      expect(second.nextCursor).toBeNull();
    });

    test("are null if they are unknown", async () => {
      expect(await t.store.delivery("dlv_1")).toBeNull();
      expect(await t.store.delivery("' OR 1")).toBeNull();
    });
  });
}

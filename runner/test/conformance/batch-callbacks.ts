import { describe, expect, test } from "vitest";
import {
  attemptOf,
  callbackEvent,
  claimDue,
  completeNext,
  deliverAll,
  deliveryClaimOf,
  FIRST_PAGE,
  newJob,
  newWebhook,
  submitBatch,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function batchCallbackConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  describe("endBatch", () => {
    test("stores the callback and its delivery, once", async () => {
      const webhook = newWebhook({ on: ["failed"], destination: { key: "n8n", ratePerSecond: 9 } });
      const { id } = await submitBatch(t.store, [newJob()], { webhook });
      await completeNext(t.store);
      const event = callbackEvent(90);
      const ended = [t.store.endBatch(id, event), t.store.endBatch(id, callbackEvent(91))];
      expect(await Promise.all(ended)).toEqual([true, false]);
      expect(await t.store.batchesToEnd({ limit: 10 })).toEqual([]);
      expect((await t.store.batch(id))?.endedAt).toBe(90);
      expect(await claimDue(t.store, { now: 89 })).toEqual([]);
      const [destination] = await t.store.dueDestinations({ now: 90, limit: 5, except: [] });
      expect(destination).toMatchObject(webhook.destination);
      expect(await claimDue(t.store, { now: 90 })).toEqual([
        {
          id: expect.any(String),
          fence: expect.any(Number),
          owner: "owner_1",
          subjectId: id,
          sequence: 1,
          kind: "batch",
          body: event.body,
          bytes: Buffer.byteLength(event.body),
          destination: destination!.id,
          eventAt: 90,
          target: {
            webhookId: webhook.id,
            isPersistent: false,
            url: webhook.url,
            sealed: webhook.sealed,
            retries: webhook.retries,
            timeoutMs: null,
          },
          attempts: 0,
          retriesUsed: 0,
        },
      ]);
    });

    test("stores no delivery without a webhook", async () => {
      const { id } = await submitBatch(t.store, [newJob()]);
      await completeNext(t.store);
      expect(await t.store.endBatch(id, callbackEvent())).toBe(true);
      expect(await claimDue(t.store)).toEqual([]);
    });

    test("returns false for an unknown batch, or one whose jobs have not all ended", async () => {
      const { id } = await submitBatch(t.store, [newJob(), newJob()]);
      await completeNext(t.store);
      expect(await t.store.endBatch(id, callbackEvent())).toBe(false);
      expect((await t.store.batch(id))?.endedAt).toBeNull();
      expect(await t.store.endBatch("batch_unknown", callbackEvent())).toBe(false);
    });
  });

  describe("setBatchWebhook", () => {
    test("sets the webhook that receives a batch's later callback", async () => {
      const { id } = await submitBatch(t.store, [newJob()]);
      const webhook = newWebhook();
      expect(await t.store.setBatchWebhook(id, webhook)).toBe(true);
      expect((await t.store.batch(id))?.webhook).toEqual(webhook);
      expect(await claimDue(t.store)).toEqual([]);
      await completeNext(t.store);
      await t.store.endBatch(id, callbackEvent());
      expect(await deliverAll(t.store)).toMatchObject([{ subjectId: id, kind: "batch" }]);
    });

    test("makes the callback of an ended batch due immediately", async () => {
      const { id } = await submitBatch(t.store, [newJob()]);
      await completeNext(t.store);
      const event = callbackEvent(90);
      await t.store.endBatch(id, event);
      expect(await t.store.setBatchWebhook(id, newWebhook())).toBe(true);
      expect(await claimDue(t.store)).toMatchObject([{ body: event.body, eventAt: 90 }]);
    });

    test("returns false for a batch that has a webhook, or that is unknown", async () => {
      const webhook = newWebhook();
      const { id } = await submitBatch(t.store, [newJob()], { webhook });
      expect(await t.store.setBatchWebhook(id, newWebhook())).toBe(false);
      expect((await t.store.batch(id))?.webhook).toEqual(webhook);
      expect(await t.store.setBatchWebhook("batch_unknown", newWebhook())).toBe(false);
    });
  });

  describe("a batch's callback", () => {
    async function ended(at = 90) {
      const batch = await submitBatch(t.store, [newJob()], { webhook: newWebhook() });
      await completeNext(t.store);
      await t.store.endBatch(batch.id, callbackEvent(at));
      return batch;
    }

    test("is listed by its batch, without a job", async () => {
      const batch = await ended();
      await ended();
      const { items } = await t.store.deliveries({ batchId: batch.id }, FIRST_PAGE);
      expect(items).toMatchObject([
        { jobId: null, batchId: batch.id, kind: "batch", sequence: 1, createdAt: 90 },
      ]);
      expect(await t.store.delivery(items[0]!.id)).toMatchObject({ batchId: batch.id, log: [] });
    });

    test("is released, retried and redelivered like any delivery", async () => {
      await ended();
      const [delivery] = await claimDue(t.store);
      await t.store.releaseDeliveries([deliveryClaimOf(delivery!)]);
      const [again] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(again!, { state: "due", dueAt: 200 }));
      const [third] = await claimDue(t.store, { now: 200 });
      await t.store.recordAttempt(attemptOf(third!, { state: "dead", reason: "r" }));
      expect(await t.store.redeliver(third!.id, { now: 300 })).toBe(true);
      expect(await claimDue(t.store, { now: 300 })).toMatchObject([{ attempts: 2 }]);
    });

    test("is recovered like any delivery", async () => {
      const { webhook } = await ended();
      const [delivery] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", reason: "r" }));
      const request = { destination: webhook!.destination.key, since: 0, limit: 10, now: 300 };
      expect(await t.store.recoverDeliveries(request)).toEqual({ recovered: 1, more: false });
      expect(await claimDue(t.store, { now: 300 })).toMatchObject([{ retriesUsed: 0 }]);
    });
  });
}

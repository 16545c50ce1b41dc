/** What a client does to one job: deletes it, or sends its events again. */
import { describe, expect, test } from "vitest";
import {
  attemptOf,
  claimDue,
  claimOne,
  complete,
  completeNext,
  completeWithWebhook,
  deliverAll,
  deliveryClaimOf,
  FIRST_PAGE,
  newJob,
  newWebhook,
  register,
  submit,
  submitBatch,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function jobActConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  describe("deleteJob", () => {
    test("deletes a job that has ended, with its deliveries, and frees its key", async () => {
      const idempotency = { key: "k", fingerprint: "f" };
      const job = await complete(t.store, { webhook: newWebhook(), idempotency });
      await deliverAll(t.store);
      expect(await t.store.deleteJob(job.id)).toBe("deleted");
      expect(await t.store.job(job.id)).toBeNull();
      expect((await t.store.deliveries({}, FIRST_PAGE)).items).toEqual([]);
      expect(await t.store.deleteJob(job.id)).toBe("unknown");
      const again = newJob({ idempotency });
      expect((await t.store.submitJob(again, { maxQueued: 1 })).kind).toBe("accepted");
    });

    test("keeps a job that has not ended", async () => {
      const { id } = await submit(t.store);
      expect(await t.store.deleteJob(id)).toBe("not-ended");
      await claimOne(t.store);
      expect(await t.store.deleteJob(id)).toBe("not-ended");
      expect(await t.store.job(id)).not.toBeNull();
    });

    test("keeps a job with an open delivery, and deletes it when all were given up", async () => {
      const { id } = await completeWithWebhook(t.store);
      for (let ended = 0; ended < 4; ended += 1) {
        expect(await t.store.deleteJob(id)).toBe("undelivered");
        const [delivery] = await claimDue(t.store);
        expect(await t.store.deleteJob(id)).toBe("undelivered");
        await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", reason: "r" }));
      }
      expect(await t.store.deleteJob(id)).toBe("deleted");
    });

    test("keeps a job while a delivery that was given up is still in flight", async () => {
      const webhook = await register(t.store);
      const { id } = await complete(t.store);
      const failed = { kind: "failed", pauseMs: 0 } as const;
      const again = { state: "due", dueAt: 100 } as const;
      for (let now = 1_000; now <= 5_000; now += 1_000) {
        const [delivery] = await claimDue(t.store, { now });
        await t.store.recordAttempt(attemptOf(delivery!, again, failed));
      }
      const [probe] = await claimDue(t.store, { now: 100_000 });
      await t.store.updateWebhook(webhook.id, { state: "off", reason: "gone" }, { now: 100_000 });
      expect(await t.store.deleteJob(id)).toBe("undelivered");
      await t.store.releaseDeliveries([deliveryClaimOf(probe!)]);
      expect(await t.store.deleteJob(id)).toBe("deleted");
    });

    test("keeps a job of a batch", async () => {
      const { jobs } = await submitBatch(t.store, [newJob()]);
      await completeNext(t.store);
      expect(await t.store.deleteJob(jobs[0]?.id ?? "")).toBe("in-batch");
    });
  });

  describe("redeliverJob", () => {
    const request = { failedBy: 1_000, limit: 100, now: 2_000 };

    async function withDead(): Promise<string> {
      const { id } = await completeWithWebhook(t.store);
      for (let n = 0; n < 4; n += 1) {
        const [delivery] = await claimDue(t.store);
        await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", reason: "r" }));
      }
      return id;
    }

    test("makes the deliveries due again that were given up, in their order", async () => {
      const id = await withDead();
      expect(await t.store.redeliverJob(id, request)).toEqual({
        redelivered: 4,
        destinations: [expect.any(Number)],
      });
      const sent = await deliverAll(t.store, { now: 2_000 });
      expect(sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
      expect(await t.store.redeliverJob(id, request)).toMatchObject({ redelivered: 0 });
    });

    test("leaves alone what is in flight, and what belongs to a webhook that is off", async () => {
      const { id: webhook } = await register(t.store);
      const { id } = await complete(t.store);
      const [inFlight] = await claimDue(t.store);
      const off = { state: "off", reason: "gone" } as const;
      await t.store.updateWebhook(webhook, off, { now: 200 });
      expect(await t.store.redeliverJob(id, request)).toMatchObject({ redelivered: 0 });
      await t.store.updateWebhook(webhook, { state: "active" }, { now: 300 });
      expect(await t.store.redeliverJob(id, request)).toMatchObject({ redelivered: 3 });
      await t.store.recordAttempt(attemptOf(inFlight!, { state: "dead", reason: "r" }));
      const sent = await deliverAll(t.store, { now: 2_000 });
      expect(sent.map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
    });

    test("leaves alone what was given up later", async () => {
      const id = await withDead();
      expect(await t.store.redeliverJob(id, { ...request, failedBy: 1 })).toEqual({
        redelivered: 0,
        destinations: [],
      });
      expect(await t.store.redeliverJob("job_unknown", request)).toBeNull();
    });
  });
}

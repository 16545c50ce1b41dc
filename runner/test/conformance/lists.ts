/** Lists of batches, error groups and bulk acts, and the deletion of a job. */
import { describe, expect, test } from "vitest";
import type { NewBulkAct } from "../../src/ports/store/bulk-acts.ts";
import type { Failure } from "../../src/domain/errors.ts";
import { failStep } from "../../src/domain/job.ts";
import {
  attemptOf,
  callbackEvent,
  claim,
  claimDue,
  claimOf,
  claimOne,
  complete,
  completeNext,
  completeOne,
  completeWithWebhook,
  deliverAll,
  deliveryClaimOf,
  failIt,
  FIRST_PAGE,
  newJob,
  newWebhook,
  register,
  start,
  submit,
  submitBatch,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function listConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  /** Submits a job and lets its first step fail. */
  async function failWith(failure: Failure, endedAt: number): Promise<string> {
    const { id } = await submit(t.store, { createdAt: endedAt - 10 });
    const job = await start(t.store, await claimOne(t.store));
    const outcome = { failure, metrics: null, startedAt: endedAt, endedAt };
    const context = { jobUrl: "u" };
    expect(await t.store.commitTransition(claimOf(job), failStep(job, outcome, context))).toBe(
      true,
    );
    return id;
  }

  const thrown = (message: string): Failure => ({ code: "PLUGIN_THREW", message });

  describe("errorGroups", () => {
    const groups = (since = 0, limit = 10) => t.store.errorGroups({ since, limit });

    test("have the jobs that failed with the same message but for numbers, the last seen first", async () => {
      const first = await failWith(thrown("row 1 is bad\nat x"), 100);
      await failWith({ code: "PLUGIN_TIMEOUT", message: "too slow" }, 200);
      const last = await failWith(thrown("row 22 is bad"), 300);
      const found = await groups();
      expect(found).toEqual([
        {
          id: expect.any(String),
          plugin: "first",
          code: "PLUGIN_THREW",
          message: "row # is bad",
          count: 2,
          more: false,
          firstSeenAt: 100,
          lastSeenAt: 300,
          lastJobId: last,
        },
        expect.objectContaining({ code: "PLUGIN_TIMEOUT", message: "too slow", count: 1 }),
      ]);
      const errorGroup = found[0]?.id ?? "";
      const listed = await t.store.jobs({ errorGroup }, FIRST_PAGE);
      expect(listed.items.map(({ id }) => id)).toEqual([last, first]);
      expect(listed.items.map((job) => job.errorGroup)).toEqual([errorGroup, errorGroup]);
      expect((await groups(0, 1)).map(({ code }) => code)).toEqual(["PLUGIN_THREW"]);
    });

    test("count failures after the instant only", async () => {
      await failWith(thrown("row 1 is bad"), 100);
      await failWith(thrown("row 2 is bad"), 300);
      expect(await groups(100)).toMatchObject([{ count: 1, firstSeenAt: 100, lastSeenAt: 300 }]);
      expect(await groups(300)).toEqual([]);
    });

    test("lose a job that is retried or deleted", async () => {
      const retried = await failWith(thrown("row 1 is bad"), 100);
      const deleted = await failWith(thrown("row 2 is bad"), 200);
      const { fence, owner } = (await t.store.jobState(retried))!;
      await t.store.requeueJob({ jobId: retried, fence, owner }, { now: 210 });
      expect(await groups()).toMatchObject([{ count: 1, lastJobId: deleted }]);
      expect((await t.store.jobs({}, FIRST_PAGE)).items.at(-1)?.errorGroup).toBeNull();
      expect(await t.store.deleteJob(deleted)).toBe("deleted");
      expect(await groups()).toEqual([]);
    });

    test("count a thousand jobs and say that there are more", async () => {
      await Promise.all(
        Array.from({ length: 1_001 }, () => t.store.submitJob(newJob(), { maxQueued: 2_000 })),
      );
      const jobs = await claim(t.store, { limit: 1_001 });
      await Promise.all(jobs.map(async (job) => failIt(t.store, await start(t.store, job))));
      expect(await groups()).toMatchObject([{ count: 1_000, more: true }]);
    });
  });

  describe("batches", () => {
    test("are listed newest first, page by page, with the numbers of their jobs", async () => {
      const done = await submitBatch(t.store, [newJob(), newJob()]);
      await completeNext(t.store);
      await failIt(t.store, await start(t.store, await claimOne(t.store)));
      await t.store.endBatch(done.id, callbackEvent(90));
      const open = await submitBatch(t.store, [newJob(), newJob(), newJob()]);
      await completeNext(t.store);
      const first = await t.store.batches({ limit: 1, cursor: null });
      expect(first.items).toEqual([
        { id: open.id, createdAt: 5, endedAt: null, total: 3, completed: 1, failed: 0 },
      ]);
      const second = await t.store.batches({ limit: 1, cursor: first.nextCursor });
      expect(second).toEqual({
        items: [{ id: done.id, createdAt: 5, endedAt: 90, total: 2, completed: 1, failed: 1 }],
        nextCursor: null,
      });
    });

    test("count a job that is retried as open, and one that is in the batch twice twice", async () => {
      const idempotency = { key: "twice", fingerprint: "f" };
      const batch = await submitBatch(t.store, [newJob({ idempotency }), newJob({ idempotency })]);
      const numbers = async () => {
        const [{ total, completed, failed } = {}] = (await t.store.batches(FIRST_PAGE)).items;
        return { total, completed, failed };
      };
      const job = await start(t.store, await claimOne(t.store));
      await failIt(t.store, job);
      expect(await numbers()).toEqual({ total: 2, completed: 0, failed: 2 });
      const { fence, owner } = (await t.store.jobState(job.id))!;
      await t.store.requeueJob({ jobId: job.id, fence, owner }, { now: 50 });
      expect(await numbers()).toEqual({ total: 2, completed: 0, failed: 0 });
      let current = await claimOne(t.store);
      for (const _ of current.plugins) current = await completeOne(t.store, current, 60);
      expect(await numbers()).toEqual({ total: 2, completed: 2, failed: 0 });
      await submitBatch(t.store, [newJob({ idempotency })]);
      expect(await numbers()).toEqual({ total: 1, completed: 1, failed: 0 });
      expect((await t.store.batch(batch.id))?.jobs).toHaveLength(2);
    });
  });

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

  describe("bulk acts", () => {
    const act: NewBulkAct = {
      id: "bulk_1",
      act: "retry",
      dryRun: false,
      by: "console",
      filter: { status: ["failed"], createdBefore: 90 },
      phase: "counting",
      cursor: null,
      pending: [],
      matched: 0,
      createdAt: 80,
    };
    const nothing = { done: 0, skipped: 0, failed: 0, errors: [] };
    const error = { jobId: "job_1", code: "JOB_NOT_RETRYABLE", message: "m" };
    const progress = {
      phase: "acting" as const,
      cursor: "c",
      pending: ["job_2"],
      matched: 9,
      done: 3,
      skipped: 1,
      failed: 0,
      errors: [error],
    };

    test("are stored with their progress, also after the store was reopened", async () => {
      expect(await t.store.createBulkAct(act, { maxRunning: 1 })).toBe(true);
      const stored = { ...act, ...nothing, state: "running", endedAt: null };
      expect(await t.store.runningBulkActs()).toEqual([stored]);
      const running = { ...progress, state: "running" as const, endedAt: null };
      expect(await t.store.saveBulkAct(act, running)).toBe("running");
      await t.reopen();
      expect(await t.store.bulkAct("bulk_1")).toEqual({ ...stored, ...progress });
      const over = { ...progress, state: "done" as const, endedAt: 99 };
      expect(await t.store.saveBulkAct({ id: "bulk_1", ...progress }, over)).toBe("done");
      expect(await t.store.runningBulkActs()).toEqual([]);
      expect(await t.store.bulkAct("bulk_1")).toMatchObject({ state: "done", endedAt: 99 });
      expect(await t.store.bulkAct("bulk_2")).toBeNull();
      expect(await t.store.saveBulkAct({ ...act, id: "bulk_2" }, running)).toBeNull();
    });

    test("do not change once another daemon has gone on with them", async () => {
      await t.store.createBulkAct(act, { maxRunning: 1 });
      const running = { ...progress, state: "running" as const, endedAt: null };
      await t.store.saveBulkAct(act, running);
      const late = { ...running, done: 7, state: "done" as const, endedAt: 99 };
      for (const from of [
        act,
        { ...progress, phase: "finishing" as const },
        { ...progress, cursor: null },
        { ...progress, pending: [] },
      ]) {
        expect(await t.store.saveBulkAct({ ...from, id: "bulk_1" }, late)).toBeNull();
      }
      expect(await t.store.bulkAct("bulk_1")).toMatchObject(running);
    });

    test("are refused while the limit runs", async () => {
      await t.store.createBulkAct(act, { maxRunning: 1 });
      const second = { ...act, id: "bulk_2" };
      expect(await t.store.createBulkAct(second, { maxRunning: 1 })).toBe(false);
      expect(await t.store.bulkAct("bulk_2")).toBeNull();
      await t.store.abortBulkAct("bulk_1", { now: 95 });
      expect(await t.store.createBulkAct(second, { maxRunning: 1 })).toBe(true);
    });

    test("stay aborted, and keep the counts of the slice that was under way", async () => {
      await t.store.createBulkAct(act, { maxRunning: 1 });
      expect(await t.store.abortBulkAct("bulk_1", { now: 95 })).toBe(true);
      expect(await t.store.abortBulkAct("bulk_1", { now: 96 })).toBe(false);
      expect(await t.store.abortBulkAct("bulk_2", { now: 96 })).toBe(false);
      const running = { ...progress, state: "running" as const, endedAt: null };
      expect(await t.store.saveBulkAct(act, running)).toBe("aborted");
      expect(await t.store.bulkAct("bulk_1")).toMatchObject({
        state: "aborted",
        endedAt: 95,
        done: 3,
      });
    });

    test("are listed newest first, and pruned once they ended before the instant", async () => {
      for (const id of ["bulk_1", "bulk_2", "bulk_3"]) {
        await t.store.createBulkAct({ ...act, id }, { maxRunning: 9 });
      }
      await t.store.abortBulkAct("bulk_1", { now: 95 });
      await t.store.abortBulkAct("bulk_2", { now: 100 });
      const first = await t.store.bulkActs({ limit: 2, cursor: null });
      expect(first.items.map(({ id }) => id)).toEqual(["bulk_3", "bulk_2"]);
      const second = await t.store.bulkActs({ limit: 2, cursor: first.nextCursor });
      expect(second.items.map(({ id }) => id)).toEqual(["bulk_1"]);
      expect(second.nextCursor).toBeNull();
      expect(await t.store.pruneBulkActs({ endedBefore: 100, limit: 10 })).toBe(1);
      const left = (await t.store.bulkActs(FIRST_PAGE)).items.map(({ id }) => id);
      expect(left).toEqual(["bulk_3", "bulk_2"]);
    });
  });

  describe("jobIds", () => {
    test("are those of the jobs that match, page by page", async () => {
      const jobs = [await submit(t.store), await submit(t.store), await submit(t.store)];
      const first = await t.store.jobIds({ status: ["queued"] }, { limit: 2, cursor: null });
      expect(first.items).toEqual([jobs[2]?.id, jobs[1]?.id]);
      const page = { limit: 2, cursor: first.nextCursor };
      expect(await t.store.jobIds({ status: ["queued"] }, page)).toEqual({
        items: [jobs[0]?.id],
        nextCursor: null,
      });
      expect((await t.store.jobIds({ status: [] }, FIRST_PAGE)).items).toEqual([]);
    });
  });
}

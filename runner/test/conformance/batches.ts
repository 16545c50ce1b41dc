import { describe, expect, test } from "vitest";
import type { OutputBound } from "../../src/ports/store/jobs.ts";
import {
  ALL_OUTPUTS,
  attemptOf,
  callbackEvent,
  claimDue,
  claimOne,
  completeNext,
  completeWith,
  deliverAll,
  failIt,
  FAILURE,
  newBatch,
  newJob,
  newWebhook,
  prune,
  start,
  submit,
  submitBatch,
  unclaimed,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function batchConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  const keyed = (key: string, fingerprint = "x") => newJob({ idempotency: { key, fingerprint } });
  const jobIds = async (id: string) =>
    (await t.store.batch(id))?.jobs.map(({ jobId }) => jobId) ?? null;
  const toEnd = (limit = 10) => t.store.batchesToEnd({ limit });
  const failNext = async () => failIt(t.store, await start(t.store, await claimOne(t.store)));

  describe("submitBatch", () => {
    test("stores the batch and its jobs, in the order of the request", async () => {
      const jobs = [newJob({ name: "a", priority: -1 }), newJob({ priority: 5 }), newJob()];
      const webhook = newWebhook();
      const { id } = await submitBatch(t.store, jobs, { webhook });
      expect(await t.store.batch(id)).toEqual({
        id,
        createdAt: 5,
        endedAt: null,
        payloadsRemovedAt: null,
        webhook,
        jobs: jobs.map((job) => ({
          jobId: job.id,
          name: job.name,
          status: "queued",
          failure: null,
          output: null,
          truncated: false,
          payloadsRemovedAt: null,
        })),
      });
      const { webhook: _, idempotency: __, ...spec } = jobs[0]!;
      expect((await t.store.job(jobs[0]!.id))?.spec).toEqual(spec);
      expect((await t.store.counts()).jobs.queued).toBe(3);
    });

    test("stores each job's own webhook as well", async () => {
      const webhook = newWebhook({ on: ["completed"] });
      await submitBatch(t.store, [newJob({ webhook })], { webhook: newWebhook() });
      await completeNext(t.store);
      expect((await deliverAll(t.store)).map(({ target }) => target.webhookId)).toEqual([
        webhook.id,
      ]);
    });

    test("recognizes a batch by its key, also after the store was reopened", async () => {
      const idempotency = { key: "b", fingerprint: "x" };
      const { id } = await submitBatch(t.store, [newJob()], { idempotency });
      await t.reopen();
      const again = (fingerprint: string) =>
        t.store.submitBatch(
          newBatch([newJob()], { idempotency: { key: "b", fingerprint } }),
          UNLIMITED,
        );
      expect(await again("x")).toEqual({ kind: "duplicate", id, sameRequest: true });
      expect(await again("y")).toEqual({ kind: "duplicate", id, sameRequest: false });
      expect((await t.store.counts()).jobs.queued).toBe(1);
    });

    test("contains the stored job in place of one whose key is known", async () => {
      const known = await submit(t.store, { idempotency: { key: "a", fingerprint: "x" } });
      const [twin, other] = [keyed("a"), newJob()];
      const { id } = await submitBatch(t.store, [other, twin]);
      expect(await jobIds(id)).toEqual([other.id, known.id]);
      expect(await t.store.job(twin.id)).toBeNull();
      expect((await t.store.counts()).jobs.queued).toBe(2);
    });

    test("contains a job twice whose key occurs twice", async () => {
      const [first, second] = [keyed("a"), keyed("a")];
      const { id } = await submitBatch(t.store, [first, second]);
      expect(await jobIds(id)).toEqual([first.id, first.id]);
      await completeNext(t.store);
      expect(await toEnd()).toEqual([id]);
    });

    test("refuses a batch and stores nothing when a job's key came with another request", async () => {
      const known = await submit(t.store, { idempotency: { key: "a", fingerprint: "x" } });
      const first = newJob();
      const refused = newBatch([first, keyed("a", "y")], { webhook: newWebhook() });
      const outcome = { kind: "duplicate", id: known.id, sameRequest: false };
      expect(await t.store.submitBatch(refused, UNLIMITED)).toEqual(outcome);
      expect(await t.store.batch(refused.id)).toBeNull();
      expect(await t.store.job(first.id)).toBeNull();
      const within = newBatch([keyed("b", "x"), keyed("b", "y")]);
      expect(await t.store.submitBatch(within, UNLIMITED)).toMatchObject({
        kind: "duplicate",
        sameRequest: false,
      });
      expect((await t.store.counts()).jobs.queued).toBe(1);
    });

    test("refuses the whole batch when its jobs would exceed the queue's limit", async () => {
      await submit(t.store);
      const batch = newBatch([newJob(), newJob()]);
      expect(await t.store.submitBatch(batch, { maxQueued: 2 })).toEqual({
        kind: "queue-full",
        queued: 1,
      });
      expect(await t.store.batch(batch.id)).toBeNull();
      expect(await t.store.submitBatch(batch, { maxQueued: 3 })).toEqual({ kind: "accepted" });
    });

    test("accepts a batch that has only known jobs when the queue is full", async () => {
      const known = await submit(t.store, { idempotency: { key: "a", fingerprint: "x" } });
      const batch = newBatch([keyed("a")]);
      expect(await t.store.submitBatch(batch, { maxQueued: 0 })).toEqual({ kind: "accepted" });
      expect(await jobIds(batch.id)).toEqual([known.id]);
    });

    test("counts each new job of a batch once against the queue's limit, and no known job", async () => {
      await submit(t.store, { idempotency: { key: "a", fingerprint: "x" } });
      const batch = newBatch([keyed("a"), keyed("b"), keyed("b"), newJob()]);
      expect(await t.store.submitBatch(batch, { maxQueued: 2 })).toMatchObject({
        kind: "queue-full",
      });
      expect(await t.store.submitBatch(batch, { maxQueued: 3 })).toEqual({ kind: "accepted" });
    });

    test("rejects an id that exists already, and stores nothing of the batch", async () => {
      const { id } = await submitBatch(t.store, [newJob()]);
      await expect(
        t.store.submitBatch({ ...newBatch([newJob()]), id }, UNLIMITED),
      ).rejects.toThrow();
      expect((await t.store.counts()).jobs.queued).toBe(1);
    });
  });

  describe("batchesToEnd", () => {
    test("returns batches whose jobs have all ended, the oldest first", async () => {
      const first = await submitBatch(t.store, [newJob(), newJob()]);
      const second = await submitBatch(t.store, [newJob()]);
      const empty = await submitBatch(t.store, []);
      expect(await toEnd()).toEqual([empty.id]);
      await completeNext(t.store);
      expect(await toEnd()).toEqual([empty.id]);
      await failNext();
      await completeNext(t.store);
      expect(await toEnd()).toEqual([first.id, second.id, empty.id]);
      expect(await toEnd(2)).toEqual([first.id, second.id]);
    });

    test("takes into account jobs that ended before, and jobs in two batches", async () => {
      const job = keyed("a");
      await submitBatch(t.store, [job]);
      await completeNext(t.store);
      const late = await submitBatch(t.store, [keyed("a"), newJob()]);
      expect(await toEnd()).not.toContain(late.id);
      await completeNext(t.store);
      expect(await toEnd()).toContain(late.id);
      const over = await submitBatch(t.store, [keyed("a")]);
      expect(await toEnd()).toContain(over.id);
    });

    test("leaves out a batch with a job that was queued again", async () => {
      const { id } = await submitBatch(t.store, [newJob()]);
      const job = await start(t.store, await claimOne(t.store));
      await failIt(t.store, job);
      await t.store.requeueJob(unclaimed(job.id, job.fence), { now: 50 });
      expect(await toEnd()).toEqual([]);
      expect(await t.store.endBatch(id, callbackEvent())).toBe(false);
      await failIt(t.store, await claimOne(t.store), 60);
      expect(await toEnd()).toEqual([id]);
    });

    test("leaves out a batch whose callback is stored, even if a job runs again", async () => {
      const { id } = await submitBatch(t.store, [newJob()]);
      const job = await start(t.store, await claimOne(t.store));
      await failIt(t.store, job);
      await t.store.endBatch(id, callbackEvent());
      await t.store.requeueJob(unclaimed(job.id, job.fence), { now: 50 });
      expect(await toEnd()).toEqual([]);
      await failIt(t.store, await claimOne(t.store), 60);
      expect((await t.store.job(job.id))?.endedAt).toBe(60);
      expect(await toEnd()).toEqual([]);
    });
  });

  describe("batch", () => {
    test("returns each job's status, failure and last output", async () => {
      const jobs = [newJob(), newJob({ name: "bad" }), newJob()];
      const { id } = await submitBatch(t.store, jobs);
      const done = await completeNext(t.store);
      await failNext();
      expect((await t.store.batch(id, ALL_OUTPUTS))?.jobs).toEqual([
        {
          jobId: jobs[0]!.id,
          name: null,
          status: "completed",
          failure: null,
          output: done.completedSteps.at(-1)?.output,
          truncated: false,
          payloadsRemovedAt: null,
        },
        {
          jobId: jobs[1]!.id,
          name: "bad",
          status: "failed",
          failure: FAILURE,
          output: null,
          truncated: false,
          payloadsRemovedAt: null,
        },
        {
          jobId: jobs[2]!.id,
          name: null,
          status: "queued",
          failure: null,
          output: null,
          truncated: false,
          payloadsRemovedAt: null,
        },
      ]);
    });

    test("leaves out outputs that exceed the bound, and marks them as truncated", async () => {
      const { id } = await submitBatch(t.store, [newJob(), newJob(), newJob(), newJob()]);
      for (const output of ["é".repeat(40), "x".repeat(300), "last"]) {
        await completeWith(t.store, await claimOne(t.store), ["not the job's", output]);
      }
      const shown = async (bound?: OutputBound) =>
        (await t.store.batch(id, bound))?.jobs.map(({ output, truncated }) => [output, truncated]);
      const [a, b, c] = [`"${"é".repeat(40)}"`, `"${"x".repeat(300)}"`, '"last"'].map((output) => [
        output,
        false,
      ]);
      const [out, none] = [
        [null, true],
        [null, false],
      ];
      expect(await shown()).toEqual([out, out, out, none]);
      expect(await shown({ maxOutputBytes: 88 })).toEqual([a, out, c, none]);
      expect(await shown({ maxOutputBytes: 87 })).toEqual([a, out, out, none]);
      expect(await shown({ maxOutputBytes: 389 })).toEqual([a, b, out, none]);
      expect(await shown({ maxOutputBytes: 390 })).toEqual([a, b, c, none]);
      const sizes: number[] = [];
      const reserve = (bytes: number): void => void sizes.push(bytes);
      for (const maxOutputBytes of [0, 88, 390]) await shown({ maxOutputBytes, reserve });
      expect(sizes).toEqual([0, 88, 390]);
    });

    test("returns null for an unknown batch", async () => {
      expect(await t.store.batch("batch_unknown")).toBeNull();
    });
  });

  describe("pruneJobs", () => {
    const pruneOld = (limit = 10) => prune(t.store, { endedBefore: 100, limit });

    test("keeps the jobs of a batch that has not ended", async () => {
      const { id, jobs } = await submitBatch(t.store, [newJob(), newJob()]);
      await completeNext(t.store, 20);
      expect(await pruneOld()).toBe(0);
      await completeNext(t.store, 200);
      expect(await pruneOld()).toBe(0);
      expect(await jobIds(id)).toEqual(jobs.map((job) => job.id));
    });

    test("deletes a batch and its jobs once it ended before and its callback is delivered", async () => {
      const { id, jobs } = await submitBatch(t.store, [newJob(), newJob()], {
        webhook: newWebhook(),
      });
      await completeNext(t.store, 20);
      await completeNext(t.store, 30);
      expect(await pruneOld()).toBe(0);
      await t.store.endBatch(id, callbackEvent(99));
      expect(await pruneOld()).toBe(0);
      const [delivery] = await claimDue(t.store);
      expect(await pruneOld()).toBe(0);
      expect(await jobIds(id)).toEqual(jobs.map((job) => job.id));
      await t.store.recordAttempt(attemptOf(delivery!, { state: "delivered" }));
      expect(await pruneOld(1)).toBe(1);
      expect(await t.store.batch(id)).toBeNull();
      expect(await pruneOld(1)).toBe(1);
      expect(await t.store.delivery(delivery!.id)).toBeNull();
    });

    test("keeps a batch that ended recently, and its jobs that ended long ago", async () => {
      const { id, jobs } = await submitBatch(t.store, [newJob()]);
      await completeNext(t.store, 20);
      await t.store.endBatch(id, callbackEvent(100));
      expect(await pruneOld()).toBe(0);
      expect(await jobIds(id)).toEqual([jobs[0]!.id]);
    });

    test("frees a batch's idempotency key", async () => {
      const idempotency = { key: "b", fingerprint: "x" };
      const { id } = await submitBatch(t.store, [newJob()], { idempotency });
      await completeNext(t.store, 20);
      await t.store.endBatch(id, callbackEvent(30));
      await pruneOld();
      await submitBatch(t.store, [newJob()], { idempotency });
    });
  });
}

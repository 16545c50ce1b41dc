import { describe, expect, test } from "vitest";
import { toJsonText } from "../../src/domain/json-text.ts";
import type { NewBatch, NewJob, OutputBound } from "../../src/ports/store.ts";
import {
  ALL_OUTPUTS,
  attemptOf,
  claimDue,
  claimOf,
  claimOne,
  completeNext,
  completeWith,
  deliverAll,
  failIt,
  FAILURE,
  FIRST_PAGE,
  newJob,
  newWebhook,
  start,
  submit,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function batchConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);
  let last = 0;

  function newBatch(jobs: readonly NewJob[], fields: Partial<NewBatch> = {}): NewBatch {
    last += 1;
    return { id: `batch_${last}`, jobs, webhook: null, idempotency: null, createdAt: 5, ...fields };
  }
  async function submitBatch(jobs: readonly NewJob[], fields: Partial<NewBatch> = {}) {
    const batch = newBatch(jobs, fields);
    expect(await t.store.submitBatch(batch, UNLIMITED)).toEqual({ kind: "accepted" });
    return batch;
  }
  const keyed = (key: string, fingerprint = "x") => newJob({ idempotency: { key, fingerprint } });
  const jobIds = async (id: string) =>
    (await t.store.batch(id))?.jobs.map(({ jobId }) => jobId) ?? null;
  const toEnd = (limit = 10) => t.store.batchesToEnd({ limit });
  const callback = (at = 90) => ({ at, body: toJsonText({ status: "completed" }) });
  const failNext = async () => failIt(t.store, await start(t.store, await claimOne(t.store)));

  describe("submitBatch", () => {
    test("stores the batch and its jobs, in the order of the request", async () => {
      const jobs = [newJob({ name: "a", priority: -1 }), newJob({ priority: 5 }), newJob()];
      const webhook = newWebhook();
      const { id } = await submitBatch(jobs, { webhook });
      expect(await t.store.batch(id)).toEqual({
        id,
        createdAt: 5,
        endedAt: null,
        webhook,
        jobs: jobs.map((job) => ({
          jobId: job.id,
          name: job.name,
          status: "queued",
          failure: null,
          output: null,
          truncated: false,
        })),
      });
      const { webhook: _, idempotency: __, ...spec } = jobs[0]!;
      expect((await t.store.job(jobs[0]!.id))?.spec).toEqual(spec);
      expect((await t.store.counts()).jobs.queued).toBe(3);
    });

    test("gives each job its own webhook as well", async () => {
      const webhook = newWebhook({ on: ["completed"] });
      await submitBatch([newJob({ webhook })], { webhook: newWebhook() });
      await completeNext(t.store);
      expect((await deliverAll(t.store)).map(({ target }) => target.webhookId)).toEqual([
        webhook.id,
      ]);
    });

    test("is known again by its key, over a close and an open", async () => {
      const idempotency = { key: "b", fingerprint: "x" };
      const { id } = await submitBatch([newJob()], { idempotency });
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

    test("holds the job that is there in place of one whose key is known", async () => {
      const known = await submit(t.store, { idempotency: { key: "a", fingerprint: "x" } });
      const [twin, other] = [keyed("a"), newJob()];
      const { id } = await submitBatch([other, twin]);
      expect(await jobIds(id)).toEqual([other.id, known.id]);
      expect(await t.store.job(twin.id)).toBeNull();
      expect((await t.store.counts()).jobs.queued).toBe(2);
    });

    test("holds a job twice that has its key twice", async () => {
      const [first, second] = [keyed("a"), keyed("a")];
      const { id } = await submitBatch([first, second]);
      expect(await jobIds(id)).toEqual([first.id, first.id]);
      await completeNext(t.store);
      expect(await toEnd()).toEqual([id]);
    });

    test("is refused, with nothing stored, when a job's key came with another request", async () => {
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

    test("is refused whole when its jobs would be more than may be queued", async () => {
      await submit(t.store);
      const batch = newBatch([newJob(), newJob()]);
      expect(await t.store.submitBatch(batch, { maxQueued: 2 })).toEqual({
        kind: "queue-full",
        queued: 1,
      });
      expect(await t.store.batch(batch.id)).toBeNull();
      expect(await t.store.submitBatch(batch, { maxQueued: 3 })).toEqual({ kind: "accepted" });
    });

    test("of known jobs only adds none to the queue, so a full one does not matter", async () => {
      const known = await submit(t.store, { idempotency: { key: "a", fingerprint: "x" } });
      const batch = newBatch([keyed("a")]);
      expect(await t.store.submitBatch(batch, { maxQueued: 0 })).toEqual({ kind: "accepted" });
      expect(await jobIds(batch.id)).toEqual([known.id]);
    });

    test("rejects an id that is taken, and stores nothing of it", async () => {
      const { id } = await submitBatch([newJob()]);
      await expect(
        t.store.submitBatch({ ...newBatch([newJob()]), id }, UNLIMITED),
      ).rejects.toThrow();
      expect((await t.store.counts()).jobs.queued).toBe(1);
    });
  });

  describe("batchesToEnd", () => {
    test("are those whose jobs have all ended, in the order they came", async () => {
      const first = await submitBatch([newJob(), newJob()]);
      const second = await submitBatch([newJob()]);
      const empty = await submitBatch([]);
      expect(await toEnd()).toEqual([empty.id]);
      await completeNext(t.store);
      expect(await toEnd()).toEqual([empty.id]);
      await failNext();
      await completeNext(t.store);
      expect(await toEnd()).toEqual([first.id, second.id, empty.id]);
      expect(await toEnd(2)).toEqual([first.id, second.id]);
    });

    test("count a job that ended before, or that is in two batches", async () => {
      const job = keyed("a");
      await submitBatch([job]);
      await completeNext(t.store);
      const late = await submitBatch([keyed("a"), newJob()]);
      expect(await toEnd()).not.toContain(late.id);
      await completeNext(t.store);
      expect(await toEnd()).toContain(late.id);
      const over = await submitBatch([keyed("a")]);
      expect(await toEnd()).toContain(over.id);
    });

    test("have none of which a job is queued again", async () => {
      const { id } = await submitBatch([newJob()]);
      const job = await start(t.store, await claimOne(t.store));
      await failIt(t.store, job);
      await t.store.requeueJob(claimOf(job), { now: 50 });
      expect(await toEnd()).toEqual([]);
      expect(await t.store.endBatch(id, callback())).toBe(false);
      await failIt(t.store, await claimOne(t.store), 60);
      expect(await toEnd()).toEqual([id]);
    });

    test("have none whose callback is stored, though a job of it is tried again", async () => {
      const { id } = await submitBatch([newJob()]);
      const job = await start(t.store, await claimOne(t.store));
      await failIt(t.store, job);
      await t.store.endBatch(id, callback());
      await t.store.requeueJob(claimOf(job), { now: 50 });
      expect(await toEnd()).toEqual([]);
      await failIt(t.store, await claimOne(t.store), 60);
      expect((await t.store.job(job.id))?.endedAt).toBe(60);
      expect(await toEnd()).toEqual([]);
    });
  });

  describe("batch", () => {
    test("tells how each job ended, with the last step's output", async () => {
      const jobs = [newJob(), newJob({ name: "bad" }), newJob()];
      const { id } = await submitBatch(jobs);
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
        },
        {
          jobId: jobs[1]!.id,
          name: "bad",
          status: "failed",
          failure: FAILURE,
          output: null,
          truncated: false,
        },
        {
          jobId: jobs[2]!.id,
          name: null,
          status: "queued",
          failure: null,
          output: null,
          truncated: false,
        },
      ]);
    });

    test("leaves out the outputs that the bound has no bytes left for, and says so", async () => {
      const { id } = await submitBatch([newJob(), newJob(), newJob(), newJob()]);
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
    });

    test("is null when it is not known", async () => {
      expect(await t.store.batch("batch_unknown")).toBeNull();
    });
  });

  describe("endBatch", () => {
    test("stores the callback and its delivery, once", async () => {
      const webhook = newWebhook({ on: ["failed"], lane: { key: "n8n", ratePerSecond: 9 } });
      const { id } = await submitBatch([newJob()], { webhook });
      await completeNext(t.store);
      const event = callback(90);
      const told = [t.store.endBatch(id, event), t.store.endBatch(id, callback(91))];
      expect(await Promise.all(told)).toEqual([true, false]);
      expect(await toEnd()).toEqual([]);
      expect((await t.store.batch(id))?.endedAt).toBe(90);
      expect(await claimDue(t.store, { now: 89 })).toEqual([]);
      const [lane] = await t.store.dueLanes({ now: 90, limit: 5, except: [] });
      expect(lane).toMatchObject(webhook.lane);
      expect(await claimDue(t.store, { now: 90 })).toEqual([
        {
          id: expect.any(String),
          subjectId: id,
          sequence: 1,
          kind: "batch",
          body: event.body,
          bytes: Buffer.byteLength(event.body),
          lane: lane!.id,
          eventAt: 90,
          target: {
            webhookId: webhook.id,
            isPersistent: false,
            url: webhook.url,
            sealed: webhook.sealed,
            retries: webhook.retries,
            timeoutMs: null,
            expiresAt: null,
            failingSince: null,
          },
          attempts: 0,
          retriesUsed: 0,
        },
      ]);
    });

    test("makes no delivery without a webhook", async () => {
      const { id } = await submitBatch([newJob()]);
      await completeNext(t.store);
      expect(await t.store.endBatch(id, callback())).toBe(true);
      expect(await claimDue(t.store)).toEqual([]);
    });

    test("is false for a batch that is not known, or whose jobs have not all ended", async () => {
      const { id } = await submitBatch([newJob(), newJob()]);
      await completeNext(t.store);
      expect(await t.store.endBatch(id, callback())).toBe(false);
      expect((await t.store.batch(id))?.endedAt).toBeNull();
      expect(await t.store.endBatch("batch_unknown", callback())).toBe(false);
    });
  });

  describe("setBatchWebhook", () => {
    test("gives the callback of a batch to come somewhere to go", async () => {
      const { id } = await submitBatch([newJob()]);
      const webhook = newWebhook();
      expect(await t.store.setBatchWebhook(id, webhook)).toBe(true);
      expect((await t.store.batch(id))?.webhook).toEqual(webhook);
      expect(await claimDue(t.store)).toEqual([]);
      await completeNext(t.store);
      await t.store.endBatch(id, callback());
      expect(await deliverAll(t.store)).toMatchObject([{ subjectId: id, kind: "batch" }]);
    });

    test("sends the callback of a batch that has ended at once", async () => {
      const { id } = await submitBatch([newJob()]);
      await completeNext(t.store);
      const event = callback(90);
      await t.store.endBatch(id, event);
      expect(await t.store.setBatchWebhook(id, newWebhook())).toBe(true);
      expect(await claimDue(t.store)).toMatchObject([{ body: event.body, eventAt: 90 }]);
    });

    test("is false when the batch has one, or is not known", async () => {
      const webhook = newWebhook();
      const { id } = await submitBatch([newJob()], { webhook });
      expect(await t.store.setBatchWebhook(id, newWebhook())).toBe(false);
      expect((await t.store.batch(id))?.webhook).toEqual(webhook);
      expect(await t.store.setBatchWebhook("batch_unknown", newWebhook())).toBe(false);
    });
  });

  describe("a batch's callback", () => {
    async function ended(at = 90) {
      const batch = await submitBatch([newJob()], { webhook: newWebhook() });
      await completeNext(t.store);
      await t.store.endBatch(batch.id, callback(at));
      return batch;
    }

    test("is listed by its batch, with no job", async () => {
      const batch = await ended();
      await ended();
      const { items } = await t.store.deliveries({ batchId: batch.id }, FIRST_PAGE);
      expect(items).toMatchObject([
        { jobId: null, batchId: batch.id, kind: "batch", sequence: 1, createdAt: 90 },
      ]);
      expect(await t.store.delivery(items[0]!.id)).toMatchObject({ batchId: batch.id, log: [] });
    });

    test("is tried again, redelivered and given back as any other", async () => {
      await ended();
      const [delivery] = await claimDue(t.store);
      await t.store.releaseDeliveries([delivery!.id]);
      const [again] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(again!, { state: "due", dueAt: 200 }));
      const [third] = await claimDue(t.store, { now: 200 });
      await t.store.recordAttempt(attemptOf(third!, { state: "dead", reason: "r" }));
      expect(await t.store.redeliver(third!.id, { now: 300 })).toBe(true);
      expect(await claimDue(t.store, { now: 300 })).toMatchObject([{ attempts: 2 }]);
    });

    test("is recovered as any other", async () => {
      const { webhook } = await ended();
      const [delivery] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", reason: "r" }));
      const request = { webhookId: webhook!.id, since: 0, limit: 10, now: 300 };
      expect(await t.store.recoverDeliveries(request)).toEqual({ recovered: 1, more: false });
      expect(await claimDue(t.store, { now: 300 })).toMatchObject([{ retriesUsed: 0 }]);
    });
  });

  describe("pruneJobs", () => {
    const prune = (limit = 10) => t.store.pruneJobs({ endedBefore: 100, limit });

    test("keeps the jobs of a batch that has not ended", async () => {
      const { id, jobs } = await submitBatch([newJob(), newJob()]);
      await completeNext(t.store, 20);
      expect(await prune()).toBe(0);
      await completeNext(t.store, 200);
      expect(await prune()).toBe(0);
      expect(await jobIds(id)).toEqual(jobs.map((job) => job.id));
    });

    test("keeps a batch with its jobs until it ended long ago and its callback is delivered", async () => {
      const { id, jobs } = await submitBatch([newJob(), newJob()], { webhook: newWebhook() });
      await completeNext(t.store, 20);
      await completeNext(t.store, 30);
      expect(await prune()).toBe(0);
      await t.store.endBatch(id, callback(99));
      expect(await prune()).toBe(0);
      const [delivery] = await claimDue(t.store);
      expect(await prune()).toBe(0);
      expect(await jobIds(id)).toEqual(jobs.map((job) => job.id));
      await t.store.recordAttempt(attemptOf(delivery!, { state: "delivered" }));
      expect(await prune(1)).toBe(1);
      expect(await t.store.batch(id)).toBeNull();
      expect(await prune(1)).toBe(1);
      expect(await t.store.delivery(delivery!.id)).toBeNull();
    });

    test("keeps a batch that ended lately, with its jobs that ended long ago", async () => {
      const { id, jobs } = await submitBatch([newJob()]);
      await completeNext(t.store, 20);
      await t.store.endBatch(id, callback(100));
      expect(await prune()).toBe(0);
      expect(await jobIds(id)).toEqual([jobs[0]!.id]);
    });

    test("frees a batch's idempotency key", async () => {
      const idempotency = { key: "b", fingerprint: "x" };
      const { id } = await submitBatch([newJob()], { idempotency });
      await completeNext(t.store, 20);
      await t.store.endBatch(id, callback(30));
      await prune();
      await submitBatch([newJob()], { idempotency });
    });
  });
}

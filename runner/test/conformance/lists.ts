/** Lists of batches, of error groups, of jobs with tags and of the ids of jobs. */
import { describe, expect, test } from "vitest";
import type { Failure } from "../../src/domain/errors.ts";
import { failStep } from "../../src/domain/job.ts";
import type { JsonText } from "../../src/domain/json-text.ts";
import type { JobFilter, JobSummary } from "../../src/ports/store/jobs.ts";
import type { Page, Paged } from "../../src/ports/store/page.ts";
import {
  attemptOf,
  callbackEvent,
  claim,
  claimDue,
  claimOf,
  claimOne,
  completeNext,
  completeOne,
  completeWithWebhook,
  failIt,
  FIRST_PAGE,
  newJob,
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

  describe("jobs with tags", () => {
    const list = async (filter: JobFilter, page: Page = FIRST_PAGE) =>
      (await t.store.jobs(filter, page)).items.map(({ id }) => id);

    test("are those that have all of the tags, and match every other condition", async () => {
      const a = await submit(t.store, { tags: ["nightly", "customer:7"], createdAt: 10 });
      const b = await submit(t.store, { tags: ["nightly"], name: "b", createdAt: 20 });
      await submit(t.store, { name: "b", createdAt: 30 });
      await claimOne(t.store);
      expect(await list({ tags: ["nightly"] })).toEqual([b.id, a.id]);
      expect(await list({ tags: ["nightly", "customer:7"] })).toEqual([a.id]);
      expect(await list({ tags: ["nightly", "nightly"] })).toEqual([b.id, a.id]);
      expect(await list({ tags: [] })).toHaveLength(3);
      for (const tag of ["Nightly", "night", "customer:8"]) {
        expect(await list({ tags: [tag] })).toEqual([]);
        expect(await list({ tags: ["nightly", tag] })).toEqual([]);
      }
      const tags = ["nightly"];
      expect(await list({ tags, status: ["queued"] })).toEqual([b.id]);
      expect(await list({ tags, status: ["running"], plugin: "first" })).toEqual([a.id]);
      expect(await list({ tags, name: "b" })).toEqual([b.id]);
      expect(await list({ tags, namePrefix: "x" })).toEqual([]);
      expect(await list({ tags, createdAfter: 10, createdBefore: 21 })).toEqual([b.id]);
      expect((await t.store.jobIds({ tags }, FIRST_PAGE)).items).toEqual([b.id, a.id]);
    });

    test("are paged so that every job appears once, while newer ones are added", async () => {
      const add = () => submit(t.store, { tags: ["x"], name: "n", createdAt: 5 });
      const jobs = [await add(), await add(), await add(), await add(), await add()];
      for (const filter of [{ tags: ["x"] }, { tags: ["x"], name: "n" }]) {
        const newest = (await list(filter)).length;
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page: Paged<JobSummary> = await t.store.jobs(filter, { limit: 2, cursor });
          seen.push(...page.items.map(({ id }) => id));
          cursor = page.nextCursor;
          await add();
        } while (cursor !== null);
        expect(seen).toHaveLength(newest);
        expect(seen.slice(-5)).toEqual(jobs.map(({ id }) => id).toReversed());
      }
    });

    test("keep them when they are retried, and are found no more when they are deleted", async () => {
      const tags = ["x"];
      const { id } = await submit(t.store, { tags });
      await failIt(t.store, await start(t.store, await claimOne(t.store)));
      const { fence, owner } = (await t.store.jobState(id))!;
      await t.store.requeueJob({ jobId: id, fence, owner }, { now: 50, from: "start" });
      expect(await list({ tags, status: ["queued"] })).toEqual([id]);
      let current = await claimOne(t.store, { now: 50 });
      for (const _ of current.plugins) current = await completeOne(t.store, current, 60);
      expect((await t.store.job(id))?.tags).toEqual(tags);
      expect(await t.store.deleteJob(id)).toBe("deleted");
      expect(await list({ tags })).toEqual([]);
    });
  });

  test("jobs are found by values in their metadata", async () => {
    const metadata = (value: unknown) => ({ metadata: JSON.stringify(value) as JsonText });
    const { id: asText } = await submit(t.store, metadata({ customer: { id: "7" }, "a-b": 'é "' }));
    const { id: asNumber } = await submit(t.store, metadata({ customer: { id: 7 }, list: ["x"] }));
    const { id: odd } = await submit(
      t.store,
      metadata({ x: "\u0000\ud800", "0": { y: true, z: null } }),
    );
    await submit(t.store, metadata({ customer: 7 }));
    await submit(t.store, { metadata: '{"customer":{"id":7.0}}' as JsonText });
    const idsWith = async (meta: JobFilter["meta"]) =>
      (await t.store.jobIds({ meta: meta! }, FIRST_PAGE)).items;
    expect(await idsWith({ "customer.id": "7" })).toEqual([asNumber, asText]);
    expect(await idsWith({ "customer.id": "7", "list.0": "x" })).toEqual([]);
    expect(await idsWith({ "customer.id": "7.0" })).toHaveLength(1);
    expect(await idsWith({ "a-b": 'é "' })).toEqual([asText]);
    expect(await idsWith({ "customer.id": "7", "a-b": 'é "' })).toEqual([asText]);
    expect(await idsWith({ "0.y": "true", "0.z": "null" })).toEqual([odd]);
    expect(await idsWith({ "0.y": "1" })).toEqual([]);
    expect(await idsWith({ "customer.id.more": "7" })).toEqual([]);
  });

  test("jobs are found by the state of a delivery", async () => {
    await submit(t.store);
    await completeNext(t.store);
    await completeWithWebhook(t.store);
    const [delivery] = await claimDue(t.store);
    const idsWith = async (filter: JobFilter) => (await t.store.jobIds(filter, FIRST_PAGE)).items;
    const [withWebhook] = await idsWith({ deliveryState: "due" });
    expect(await idsWith({ deliveryState: "dead" })).toEqual([]);
    await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", reason: "r" }));
    expect(await idsWith({ deliveryState: "dead" })).toEqual([withWebhook]);
    expect(await idsWith({ deliveryState: "dead", status: ["failed"] })).toEqual([]);
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

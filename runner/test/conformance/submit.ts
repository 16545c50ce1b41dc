import { describe, expect, test } from "vitest";
import { toJsonText } from "../../src/domain/json-text.ts";
import { claim, newJob, newWebhook, submit, UNLIMITED, claimOf } from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function submitConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  describe("submitJob", () => {
    test("stores a job as queued, with all its fields", async () => {
      const job = newJob({
        name: "nightly",
        metadata: toJsonText({ tenant: "ü" }),
        input: toJsonText({ text: "line\nbreak, \u0000 and 🙂" }),
        priority: -3,
        runAt: 5,
        timeoutMs: 60_000,
        createdAt: 4,
        webhook: newWebhook({ on: ["completed", "failed"], retries: 0, sealed: null }),
        tags: ["tenant:7", "Nightly"],
      });
      expect(await t.store.submitJob(job, UNLIMITED)).toEqual({ kind: "accepted" });
      const { webhook, idempotency: _, tags: __, ...spec } = job;
      expect(await t.store.job(job.id)).toEqual({
        spec,
        tags: ["Nightly", "tenant:7"],
        status: "queued",
        fence: 0,
        owner: null,
        sequence: 0,
        stepAttempts: 0,
        waitingFor: null,
        failedAttempts: 0,
        attempts: [],
        startedAt: null,
        endedAt: null,
        payloadsRemovedAt: null,
        failure: null,
        steps: [],
        webhook,
      });
    });

    test("keeps a job when the store is reopened", async () => {
      const job = await submit(t.store, { webhook: newWebhook() });
      const before = await t.store.job(job.id);
      await t.reopen();
      expect(await t.store.job(job.id)).toEqual(before);
      expect((await claim(t.store)).map(({ id }) => id)).toEqual([job.id]);
    });

    test("stores an input of ten megabytes", async () => {
      const input = toJsonText("x".repeat(10_000_000));
      const job = await submit(t.store, { input });
      expect((await t.store.job(job.id))?.spec.input).toBe(input);
    });

    test("stores one job per idempotency key, and returns its id for a duplicate", async () => {
      const idempotency = { key: "order-1", fingerprint: "a" };
      const job = newJob({ idempotency });
      const again = newJob({ idempotency });
      const other = newJob({ idempotency: { key: "order-1", fingerprint: "b" } });
      const outcomes = await Promise.all(
        [job, again, other].map((each) => t.store.submitJob(each, UNLIMITED)),
      );
      expect(outcomes).toEqual([
        { kind: "accepted" },
        { kind: "duplicate", id: job.id, sameRequest: true },
        { kind: "duplicate", id: job.id, sameRequest: false },
      ]);
      expect((await t.store.counts()).jobs.queued).toBe(1);
      expect(await t.store.job(again.id)).toBeNull();
    });

    test("recognizes an idempotency key after the store was reopened", async () => {
      const idempotency = { key: "order-1", fingerprint: "a" };
      const job = await submit(t.store, { idempotency });
      await t.reopen();
      expect(await t.store.submitJob(newJob({ idempotency }), UNLIMITED)).toEqual({
        kind: "duplicate",
        id: job.id,
        sameRequest: true,
      });
    });

    test("refuses a job when the queue is full, also among calls that are grouped", async () => {
      const jobs = [newJob(), newJob(), newJob()];
      const outcomes = await Promise.all(
        jobs.map((job) => t.store.submitJob(job, { maxQueued: 2 })),
      );
      expect(outcomes).toEqual([
        { kind: "accepted" },
        { kind: "accepted" },
        { kind: "queue-full", queued: 2 },
      ]);
      expect(await t.store.job(jobs[2]?.id ?? "")).toBeNull();
    });

    test("counts only queued jobs against the limit", async () => {
      await submit(t.store);
      await claim(t.store);
      expect(await t.store.submitJob(newJob(), { maxQueued: 1 })).toEqual({ kind: "accepted" });
    });

    test("recognizes a key when the queue is full", async () => {
      const idempotency = { key: "k", fingerprint: "a" };
      const job = await submit(t.store, { idempotency });
      const outcome = await t.store.submitJob(newJob({ idempotency }), { maxQueued: 1 });
      expect(outcome).toEqual({ kind: "duplicate", id: job.id, sameRequest: true });
    });

    test("leaves the key of a refused job free", async () => {
      const idempotency = { key: "k", fingerprint: "a" };
      await t.store.submitJob(newJob({ idempotency }), { maxQueued: 0 });
      expect(await t.store.submitJob(newJob({ idempotency }), UNLIMITED)).toEqual({
        kind: "accepted",
      });
    });

    test("rejects an id that exists already, and stores the changes called with it", async () => {
      const taken = await submit(t.store);
      const [before, refused, after] = [newJob(), newJob({ id: taken.id }), newJob()];
      const results = await Promise.allSettled(
        [before, refused, after].map((job) => t.store.submitJob(job, UNLIMITED)),
      );
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      const stored = (await claim(t.store)).map(({ id }) => id);
      expect(stored).toEqual([taken.id, before.id, after.id]);
    });
  });

  describe("the order of changes", () => {
    test("is the order of the calls, even if the caller does not wait for each", async () => {
      const job = newJob();
      const submitted = t.store.submitJob(job, UNLIMITED);
      const first = claim(t.store);
      const released = t.store.releaseJobs([claimOf({ id: job.id, fence: 1, owner: "owner_1" })], {
        countsAttempt: false,
      });
      const second = claim(t.store);
      await Promise.all([submitted, released]);
      expect((await first).map(({ id }) => id)).toEqual([job.id]);
      expect((await second).map(({ id }) => id)).toEqual([job.id]);
    });
  });

  describe("close", () => {
    test("finishes the changes called before", async () => {
      const jobs = Array.from({ length: 50 }, () => newJob());
      const outcomes = Promise.all(jobs.map((job) => t.store.submitJob(job, UNLIMITED)));
      await t.reopen();
      expect(await outcomes).toHaveLength(50);
      expect((await t.store.counts()).jobs.queued).toBe(50);
    });

    test("rejects changes called after it", async () => {
      const { store } = t;
      await t.reopen();
      await expect(store.submitJob(newJob(), UNLIMITED)).rejects.toThrow("closed");
      expect((await t.store.counts()).jobs.queued).toBe(0);
    });
  });
}

/** Keys that at most one job has at a time: until it starts, until it ends, or for a time. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CANCELLED, fail } from "../../src/domain/job.ts";
import { toJsonText } from "../../src/domain/json-text.ts";
import { toRetryPolicy } from "../../src/domain/step-retry.ts";
import type { KeySpan } from "../../src/domain/job-key.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import type { Store } from "../../src/ports/store/store.ts";
import {
  claim,
  claimOf,
  claimOne,
  FIRST_PAGE,
  completeAll,
  failIt,
  newJob,
  newKey,
  newWebhook,
  newWindow,
  shiftAll,
  start,
  submit,
  unclaimed,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject, type Subject } from "./subject.ts";

const ACCEPTED = { kind: "accepted" };

/** A job with the key "k". */
function keyed(span: KeySpan = "active", fields: Partial<NewJob> = {}): NewJob {
  return newJob({ key: newKey("k", { span, now: fields.createdAt ?? 0 }), ...fields });
}

export function keyConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);
  const submitKeyed = (span: KeySpan = "active", fields: Partial<NewJob> = {}) =>
    t.store.submitJob(keyed(span, fields), UNLIMITED);

  describe("a key of a job", () => {
    test("is stored with the job", async () => {
      const job = await submit(t.store, { key: newKey("k", { span: "ttl", ttlMs: 70 }) });
      expect((await t.store.job(job.id))?.key).toEqual({
        kind: "dedupe",
        key: "k",
        span: "ttl",
        until: 70,
      });
      await t.reopen();
      expect((await t.store.job(job.id))?.key?.key).toBe("k");
      expect(await submitKeyed()).toEqual({ kind: "held", id: job.id });
    });

    test("makes one job of submits that are grouped", async () => {
      const jobs = [keyed(), keyed(), keyed()];
      const outcomes = await Promise.all(jobs.map((job) => t.store.submitJob(job, UNLIMITED)));
      const held = { kind: "held", id: jobs[0]?.id };
      expect(outcomes).toEqual([ACCEPTED, held, held]);
      expect((await t.store.counts()).jobs.queued).toBe(1);
    });

    test("is recognized when the queue is full", async () => {
      const job = await submit(t.store, { key: newKey("k") });
      const outcome = await t.store.submitJob(keyed(), { maxQueued: 1 });
      expect(outcome).toEqual({ kind: "held", id: job.id });
    });

    test("does not concern jobs with another key or without one", async () => {
      await submit(t.store, { key: newKey("k") });
      expect(await t.store.submitJob(newJob({ key: newKey("l") }), UNLIMITED)).toEqual(ACCEPTED);
      expect(await t.store.submitJob(newJob(), UNLIMITED)).toEqual(ACCEPTED);
    });

    test("that it has while queued is free when it is claimed, and again its own when it was released before it ran", async () => {
      const job = await submit(t.store, { key: newKey("k", { span: "queued" }) });
      const claimed = await claimOne(t.store);
      await t.store.releaseJobs([claimOf(claimed)], { countsAttempt: false });
      expect(await submitKeyed("queued")).toEqual({ kind: "held", id: job.id });
      await claimOne(t.store);
      expect(await submitKeyed("queued")).toEqual(ACCEPTED);
    });

    test("that it has while queued is free when its daemon was lost: its step may have begun", async () => {
      await submit(t.store, { key: newKey("k", { span: "queued" }) });
      const claimed = await claimOne(t.store);
      await t.store.releaseJobs([claimOf(claimed)], { countsAttempt: true });
      expect(await submitKeyed("queued")).toEqual(ACCEPTED);
    });

    test("that it has while active is free when it has completed, failed or was cancelled", async () => {
      for (const end of ["complete", "fail", "cancel"] as const) {
        const job = await submit(t.store, { key: newKey("k") });
        if (end === "cancel") {
          const cancelled = fail(
            { ...job, sequence: 0 },
            { completedCount: 0, failure: CANCELLED, at: 5, attempts: 0 },
            { jobUrl: "" },
          );
          await t.store.commitTransition(unclaimed(job.id), cancelled);
        } else {
          const claimed = await claimOne(t.store);
          expect(await submitKeyed()).toEqual({ kind: "held", id: job.id });
          await (end === "fail"
            ? failIt(t.store, await start(t.store, claimed))
            : completeAll(t.store, claimed));
        }
        expect((await t.store.jobState(job.id))?.endedAt).not.toBeNull();
      }
      expect(await submitKeyed()).toEqual(ACCEPTED);
    });

    test("that it has for a time is its own after its end, and not after that time", async () => {
      const job = await submit(t.store, { key: newKey("k", { span: "ttl", ttlMs: 100 }) });
      await completeAll(t.store, await claimOne(t.store));
      expect(await submitKeyed("ttl", { createdAt: 99 })).toEqual({ kind: "held", id: job.id });
      expect(await submitKeyed("ttl", { createdAt: 100 })).toEqual(ACCEPTED);
    });

    test("that it has for a time is free when the job is deleted", async () => {
      const job = await submit(t.store, { key: newKey("k", { span: "ttl", ttlMs: 100 }) });
      await completeAll(t.store, await claimOne(t.store));
      expect(await t.store.deleteJob(job.id)).toBe("deleted");
      expect(await submitKeyed("ttl", { createdAt: 50 })).toEqual(ACCEPTED);
    });

    test("that it has for a time ends as much earlier as the clock was set back", async () => {
      const key = newKey("k", { span: "ttl", now: 1_000, ttlMs: 100 });
      const job = await submit(t.store, { createdAt: 1_000, key });
      await shiftAll(t.store, { now: 100, byMs: -900 });
      expect(await submitKeyed("ttl", { createdAt: 199 })).toEqual({ kind: "held", id: job.id });
      expect(await submitKeyed("ttl", { createdAt: 200 })).toEqual(ACCEPTED);
    });

    test("belongs to the newest job that got it, which keeps it when the one before is retried", async () => {
      await submit(t.store, { key: newKey("k") });
      const failed = await start(t.store, await claimOne(t.store));
      await failIt(t.store, failed);
      const second = await submit(t.store, { key: newKey("k") });
      await t.store.requeueJob(unclaimed(failed.id, failed.fence), { now: 40 });
      expect(await submitKeyed()).toEqual({ kind: "held", id: second.id });
      expect((await t.store.job(failed.id))?.key?.key).toBe("k");
    });

    test("remembers the idempotency key of a request that got the job, as long as the job", async () => {
      const job = await submit(t.store, { key: newKey("k") });
      const idempotency = { key: "again", fingerprint: "a" };
      expect(await submitKeyed("active", { idempotency })).toEqual({ kind: "held", id: job.id });
      await completeAll(t.store, await claimOne(t.store));
      const known = { kind: "duplicate", id: job.id, sameRequest: true, joined: true };
      expect(await submitKeyed("active", { idempotency })).toEqual(known);
      const other = { key: "again", fingerprint: "b" };
      expect(await submitKeyed("active", { idempotency: other })).toEqual({
        ...known,
        sameRequest: false,
      });
      expect(await t.store.deleteJob(job.id)).toBe("deleted");
      expect(await submitKeyed("active", { idempotency })).toEqual(ACCEPTED);
    });
  });
}

export function mergeConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);
  const WAITING = { runAt: 500, key: newWindow("k") };

  function merge(
    job: Pick<NewJob, "id">,
    fields: Partial<NewJob> = {},
    { fence = 0, now = 0 } = {},
  ) {
    const merged = newJob({ runAt: 600, ...fields, id: job.id });
    const { identity } = newWindow("k");
    const { idempotency } = merged;
    return t.store.mergeJob(unclaimed(job.id, fence), { job: merged, identity, now, idempotency });
  }

  describe("mergeJob", () => {
    test("replaces the request of a job that waits, and keeps what it is", async () => {
      const file = { name: "a", type: "text/plain", size: 1, createdAt: 0, expiresAt: 9 };
      for (const id of ["file_a", "file_b"]) {
        await t.store.createFile({ ...file, id, sha256: id.padEnd(64, "0") });
      }
      const job = await submit(t.store, {
        ...WAITING,
        createdAt: 3,
        name: "a",
        tags: ["x"],
        webhook: newWebhook({ on: ["failed"] }),
        files: ["file_a"],
      });
      const next = {
        name: "b",
        tags: ["y"],
        priority: 4,
        timeoutMs: 7,
        input: toJsonText({ n: 2 }),
        metadata: toJsonText({ m: 2 }),
        retry: toRetryPolicy({ attempts: 3 }),
        plugins: job.plugins.map(({ name }) => ({ name, options: toJsonText({ o: 1 }) })),
        webhook: newWebhook({ destination: { key: "http://other", ratePerSecond: null } }),
      };
      expect(await merge(job, { ...next, files: ["file_a", "file_b"] })).toEqual({
        kind: "merged",
      });
      const { tags, webhook, ...spec } = next;
      expect(await t.store.job(job.id)).toMatchObject({
        spec: { ...spec, id: job.id, createdAt: 3, runAt: 600 },
        tags,
        webhook,
        fence: 1,
        status: "queued",
        key: { until: 1_000, window: { mode: "last", merged: 1 } },
      });
      for (const id of ["file_a", "file_b"]) expect(await t.store.deleteFile(id)).toBe("in-use");
      expect(await claim(t.store, { now: 599 })).toEqual([]);
      const [claimed] = await claim(t.store, { now: 600 });
      expect(claimed).toMatchObject({ input: next.input, priority: 4 });
      await completeAll(t.store, claimed!);
      const { items } = await t.store.deliveries({}, FIRST_PAGE);
      expect(new Set(items.map(({ webhookId }) => webhookId))).toEqual(new Set([webhook.id]));
    });

    test("changes nothing under an old fence, or when the job was claimed, has ended or lost its key", async () => {
      const job = await submit(t.store, WAITING);
      const changed = { kind: "changed" };
      expect(await merge(job, {}, { fence: 1 })).toEqual(changed);
      expect(await merge({ id: "job_unknown" })).toEqual(changed);
      expect(await merge(job)).toEqual({ kind: "merged" });
      expect(await merge(job)).toEqual(changed);
      const claimed = await claimOne(t.store, { now: 600 });
      expect(await merge(job, {}, { fence: claimed.fence })).toEqual(changed);
      await t.store.releaseJobs([claimOf(claimed)], { countsAttempt: true });
      const { fence } = (await t.store.jobState(job.id))!;
      // Its step may have begun.
      expect(await merge(job, {}, { fence })).toEqual(changed);
      const next = await submit(t.store, WAITING);
      const outcome = await t.store.submitJob(
        newJob({ ...WAITING, key: { ...WAITING.key, notOf: next.id } }),
        UNLIMITED,
      );
      expect(outcome).toEqual(ACCEPTED);
      expect(await merge(next)).toEqual(changed);
      expect((await t.store.job(next.id))?.spec.runAt).toBe(500);
    });

    test("refuses a file that does not exist, and a request that is known", async () => {
      const idempotency = { key: "a", fingerprint: "x" };
      const job = await submit(t.store, { ...WAITING, idempotency });
      expect(await merge(job, { files: ["file_none"] })).toEqual({
        kind: "no-file",
        id: "file_none",
      });
      expect(await merge(job, { idempotency })).toEqual({ kind: "changed" });
      const other = { key: "b", fingerprint: "x" };
      expect(await merge(job, { idempotency: other })).toEqual({ kind: "merged" });
      expect(await t.store.submitJob(newJob({ idempotency: other }), UNLIMITED)).toEqual({
        kind: "duplicate",
        id: job.id,
        sameRequest: true,
        joined: true,
      });
      const later = newJob({ ...WAITING, idempotency: { key: "c", fingerprint: "x" } });
      expect(await t.store.submitJob(later, UNLIMITED)).toEqual({ kind: "held", id: job.id });
      expect(await merge(job, { idempotency: later.idempotency }, { fence: 1 })).toEqual({
        kind: "merged",
      });
    });

    test("lets a job that is due wait again, and gives its slot to another", async () => {
      const limits = [{ name: "site", key: "" }];
      const limited = {
        limits,
        declaredLimits: [{ name: "site", concurrency: 1, keyConcurrency: null }],
        plugins: newJob().plugins.slice(0, 1),
      };
      const job = await submit(t.store, { ...WAITING, runAt: 0, ...limited });
      const other = await submit(t.store, limited);
      // Gives the slot to the first, and claims none.
      await claim(t.store, { limit: 0 });
      expect(await merge(job, limited)).toEqual({ kind: "merged" });
      expect((await claim(t.store)).map(({ id }) => id)).toEqual([other.id]);
      expect(await claim(t.store, { now: 700 })).toEqual([]);
    });

    test("moves a window and the job's start when the clock was set back", async () => {
      const job = await submit(t.store, { createdAt: 400, ...WAITING });
      const plain = await submit(t.store, { runAt: 500 });
      await shiftAll(t.store, { now: 100, byMs: -300 });
      const runAtOf = async (id: string) => (await t.store.job(id))?.spec.runAt;
      expect([await runAtOf(job.id), await runAtOf(plain.id)]).toEqual([200, 500]);
      expect((await t.store.job(job.id))?.key?.until).toBe(700);
    });
  });
}

/** What several daemons must do that share a store. */
export function sharedKeyConformance(createSubject: CreateSubject): void {
  let subject: Subject;
  let stores: readonly [Store, Store];

  beforeEach(async () => {
    subject = await createSubject();
    stores = [await subject.open(), await subject.open()];
  });

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await subject.remove();
  });

  test("of merges of two daemons into one job, each counts once", async () => {
    const key = newWindow("k");
    const job = await submit(stores[0], { runAt: 500, key });
    const mergeAt = async (store: Store): Promise<void> => {
      for (let merged = 0; merged < 8;) {
        const { fence } = (await store.jobState(job.id))!;
        const request = { job: newJob({ runAt: 600 }), now: 0, idempotency: null };
        const outcome = await store.mergeJob(unclaimed(job.id, fence), {
          ...request,
          identity: key.identity,
        });
        if (outcome.kind === "merged") merged += 1;
      }
    };
    await Promise.all(stores.map(mergeAt));
    expect((await stores[0].job(job.id))?.key?.window?.merged).toBe(16);
  });

  test("a merge and a claim of two daemons at the same time do not both succeed under one fence", async () => {
    for (let round = 0; round < 20; round += 1) {
      const key = newWindow(`k${round}`);
      const job = await submit(stores[0], { runAt: 0, key });
      const input = toJsonText({ round });
      const [merged, claimed] = await Promise.all([
        stores[0].mergeJob(unclaimed(job.id), {
          job: newJob({ runAt: 0, input }),
          identity: key.identity,
          now: 5,
          idempotency: null,
        }),
        claim(stores[1]),
      ]);
      const [ran] = claimed.length > 0 ? claimed : await claim(stores[1]);
      expect(ran?.input === input).toBe(merged.kind === "merged");
    }
  });

  test("of submits of two daemons with a key, exactly one makes a job", async () => {
    for (let round = 0; round < 20; round += 1) {
      const outcomes = await Promise.all(
        [0, 1, 2, 3].map(async (number) => {
          const key = newKey(`k${round}`);
          const idempotency = { key: `${round} ${number}`, fingerprint: "a" };
          const job = newJob({ key, ...(number > 1 && { idempotency }) });
          const outcome = await (stores[number % 2] ?? stores[0]).submitJob(job, UNLIMITED);
          return outcome.kind === "held" ? outcome.id : job.id;
        }),
      );
      expect(new Set(outcomes).size).toBe(1);
    }
    expect((await stores[0].counts()).jobs.queued).toBe(20);
    // The key is free again: one of the two gets it.
    await Promise.all((await claim(stores[0])).map((job) => completeAll(stores[0], job)));
    await Promise.all(stores.map((store) => store.submitJob(keyed(), UNLIMITED)));
    expect((await stores[1].counts()).jobs.queued).toBe(1);
  });
}

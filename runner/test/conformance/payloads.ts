import { describe, expect, test } from "vitest";
import { toJsonText } from "../../src/domain/json-text.ts";
import { redeliver } from "../../src/engine/deliveries/resend.ts";
import { retryJob } from "../../src/engine/jobs/retry-job.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import type { Store } from "../../src/ports/store/store.ts";
import type { RemovePayloadsRequest } from "../../src/ports/store/upkeep.ts";
import { interceptCalls } from "../support/engine.ts";
import {
  ALL_OUTPUTS,
  attemptOf,
  callbackEvent,
  claimDue,
  claimOf,
  claimOne,
  completeNext,
  completing,
  deliverAll,
  deliveriesOf,
  failIt,
  FIRST_PAGE,
  newJob,
  newWebhook,
  register,
  start,
  submit,
  submitBatch,
  unclaimed,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const NOW = 5_000;

export function payloadConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  const removeSlice = (request: Partial<RemovePayloadsRequest> = {}) =>
    t.store.removePayloads({ now: NOW, endedBefore: 100, limit: 10, after: null, ...request });

  /** Removes all that can be removed. Returns the number of jobs. */
  async function remove(request: Partial<RemovePayloadsRequest> = {}): Promise<number> {
    let jobs = 0;
    for (let after: string | null = null; ;) {
      const slice = await removeSlice({ ...request, after });
      jobs += slice.jobs;
      if (!slice.more) return jobs;
      after = slice.at;
    }
  }

  const read = (id: string) => t.store.job(id, ALL_OUTPUTS);
  const removedAt = async (id: string) => (await t.store.jobState(id))?.payloadsRemovedAt;
  const linesOf = async (id: string) =>
    (await t.store.logs(id, { after: 0, limit: 10_000 })).length;

  async function failNext(at = 30): Promise<void> {
    await failIt(t.store, await start(t.store, await claimOne(t.store)), at);
  }
  async function writeLog(jobId: string, lines: number): Promise<void> {
    const entry = { step: 0, at: 1, level: "info" as const, message: "m", data: null };
    await t.store.appendLogs(
      jobId,
      Array.from({ length: lines }, () => entry),
    );
  }

  /** A job that ended at 20, with options, an input, a log and a delivered event. */
  async function submitAndComplete(fields: Partial<NewJob> = {}): Promise<NewJob> {
    const job = await submit(t.store, {
      name: "n",
      metadata: toJsonText({ customer: 7 }),
      tags: ["nightly"],
      webhook: newWebhook({ on: ["completed"] }),
      ...fields,
    });
    await completeNext(t.store);
    await writeLog(job.id, 3);
    return job;
  }

  test("keeps the row, its steps, metrics and deliveries, and removes the rest", async () => {
    const { id } = await submitAndComplete();
    await deliverAll(t.store);
    const before = await read(id);
    const deliveries = await deliveriesOf(t.store);
    expect(before?.steps[0]?.output).not.toBeNull();
    expect(await remove()).toBe(1);
    const after = await read(id);
    expect(after).toEqual({
      ...before,
      spec: {
        ...before?.spec,
        input: "null",
        plugins: before?.spec.plugins.map(({ name }) => ({ name, options: "null" })),
      },
      steps: before?.steps.map((step) => ({ ...step, output: null })),
      payloadsRemovedAt: NOW,
    });
    expect(after?.spec.metadata).toBe(toJsonText({ customer: 7 }));
    expect(await linesOf(id)).toBe(0);
    const events = await t.store.events(id, { after: 0, limit: 10 });
    expect(events.map(({ kind, sequence, body }) => [kind, sequence, body])).toEqual([
      ["started", 1, ""],
      ["progress", 2, ""],
      ["progress", 3, ""],
      ["completed", 4, ""],
    ]);
    expect(await deliveriesOf(t.store)).toEqual(
      deliveries.map((delivery) => ({ ...delivery, payloadsRemovedAt: NOW })),
    );
    expect(await t.store.jobValue(id, "input")).toBeNull();
    expect(await t.store.jobValue(id, 0)).toBeNull();
  });

  test("leaves a job in lists and counts, with when its payloads were removed", async () => {
    const { id } = await submitAndComplete();
    await deliverAll(t.store);
    await remove();
    for (const filter of [{ tags: ["nightly"] }, { name: "n" }, { meta: { customer: "7" } }]) {
      const { items } = await t.store.jobs(filter, FIRST_PAGE);
      expect(items).toMatchObject([{ id, payloadsRemovedAt: NOW }]);
    }
    expect((await t.store.counts()).jobs.completed).toBe(1);
  });

  test("leaves a job alone that has not ended, or ended too recently", async () => {
    const [recent, waiting] = [await submit(t.store), await submit(t.store)];
    await completeNext(t.store, 100);
    expect(await remove()).toBe(0);
    expect([await removedAt(recent.id), await removedAt(waiting.id)]).toEqual([null, null]);
  });

  test("has an instant of its own for jobs that failed", async () => {
    const [completed, failed] = [await submit(t.store), await submit(t.store)];
    await completeNext(t.store);
    await failNext();
    expect(await remove({ failedBefore: 30 })).toBe(1);
    expect([await removedAt(completed.id), await removedAt(failed.id)]).toEqual([NOW, null]);
    expect(await remove({ endedBefore: 0, failedBefore: 31 })).toBe(1);
    expect(await removedAt(failed.id)).toBe(NOW);
  });

  test("leaves a job alone whose event is not delivered, and which is not read again in vain", async () => {
    const waiting = await submitAndComplete();
    const first = await removeSlice();
    expect(first.jobs).toBe(0);
    const later = await submit(t.store);
    await completeNext(t.store, 21);
    const second = await removeSlice({ after: first.at });
    expect([second.jobs, await removedAt(waiting.id)]).toEqual([1, null]);
    expect(await removedAt(later.id)).toBe(NOW);
    await deliverAll(t.store);
    expect((await removeSlice({ after: second.at })).jobs).toBe(0);
    expect(await remove()).toBe(1);
  });

  test("leaves a job alone whose event was given up so recently that it can be recovered", async () => {
    const { id } = await submitAndComplete();
    const [delivery] = await claimDue(t.store);
    await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", at: 100, reason: "r" }));
    expect(await remove()).toBe(0);
    expect(await remove({ endedBefore: 1_000 })).toBe(1);
    expect(await removedAt(id)).toBe(NOW);
  });

  describe("what was removed", () => {
    test("is not sent again: not one delivery, not those of a job, not those of a destination", async () => {
      const webhook = await register(t.store, { on: ["completed"] });
      const job = await submit(t.store);
      await completeNext(t.store);
      const [delivery] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", at: 30, reason: "r" }));
      expect(await remove()).toBe(1);
      const now = NOW + 1;
      expect(await t.store.redeliver(delivery!.id, { now })).toBe(false);
      expect(await t.store.redeliverJob(job.id, { failedBy: now, limit: 10, now })).toMatchObject({
        redelivered: 0,
      });
      const request = { destination: webhook.id, since: 0, limit: 10, now };
      expect(await t.store.recoverDeliveries(request)).toEqual({ recovered: 0, more: false });
      expect(await claimDue(t.store, { now: 1e9 })).toEqual([]);
    });

    test("is not run again", async () => {
      const { id } = await submit(t.store);
      await failNext();
      expect(await remove()).toBe(1);
      const { fence } = (await t.store.jobState(id))!;
      expect(await t.store.requeueJob(unclaimed(id, fence), { now: 50, from: "start" })).toBe(
        false,
      );
      expect((await t.store.jobState(id))?.status).toBe("failed");
    });

    describe("while a client asks to use it again", () => {
      const clock = { now: () => NOW };
      /** The store, whose payloads are removed just before this call. */
      const removing = (before: keyof Store) =>
        interceptCalls(t.store, async (call, name) => {
          if (name === before) expect(await remove()).toBe(1);
          return call();
        });

      test("is the reason that the job is not retried", async () => {
        const { id } = await submit(t.store);
        await failNext();
        const deps = { store: removing("requeueJob"), clock, traces: { acceptRetry: () => null } };
        await expect(retryJob(id, deps)).rejects.toMatchObject({ code: "PAYLOADS_REMOVED" });
      });

      test("is the reason that the delivery is not sent again", async () => {
        await submitAndComplete();
        const [delivery] = await claimDue(t.store);
        await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", at: 30, reason: "r" }));
        const messages = { publish: () => expect.unreachable() };
        const deps = { store: removing("redeliver"), clock, messages };
        await expect(redeliver(delivery!.id, deps)).rejects.toMatchObject({
          code: "PAYLOADS_REMOVED",
        });
      });
    });

    test("goes with the row when the job is deleted", async () => {
      const { id } = await submitAndComplete();
      await deliverAll(t.store);
      await remove();
      await t.store.pruneJobs({ endedBefore: 1_000, limit: 10, after: null });
      expect(await read(id)).toBeNull();
    });
  });

  describe("slices", () => {
    test("have at most as many jobs as the limit says, and go on behind the last one", async () => {
      for (let n = 0; n < 5; n += 1) {
        await submit(t.store);
        await completeNext(t.store, 20 + n);
      }
      const first = await removeSlice({ limit: 2 });
      expect(first).toMatchObject({ jobs: 2, more: true });
      const second = await removeSlice({ limit: 2, after: first.at });
      expect(second).toMatchObject({ jobs: 2, more: true });
      expect(await removeSlice({ limit: 2, after: second.at })).toMatchObject({
        jobs: 1,
        more: false,
      });
    });

    test("do not read again what was removed", async () => {
      for (let n = 0; n < 3; n += 1) {
        await submit(t.store);
        await completeNext(t.store, 20 + n);
      }
      await removeSlice({ limit: 2 });
      expect(await removeSlice({ limit: 2 })).toMatchObject({ jobs: 1, more: false });
    });

    test("end after large payloads", async () => {
      const large = toJsonText("x".repeat(1_500_000));
      for (let n = 0; n < 3; n += 1) {
        await submit(t.store, { input: large });
        await completeNext(t.store, 20 + n);
      }
      const first = await removeSlice();
      expect(first.jobs).toBeLessThan(3);
      expect(first.more).toBe(true);
      expect(first.jobs + (await remove())).toBe(3);
    });

    test("delete a long log first, a part at a time", async () => {
      const [long, short] = [await submitAndComplete(), await submitAndComplete()];
      await writeLog(long.id, 2_500);
      await deliverAll(t.store);
      const first = await removeSlice();
      expect(first).toMatchObject({ jobs: 0, more: true });
      expect((await linesOf(long.id)) + (await linesOf(short.id))).toBe(1_506);
      expect(await remove()).toBe(2);
      expect([await linesOf(long.id), await linesOf(short.id)]).toEqual([0, 0]);
    });
  });

  describe("a batch", () => {
    test("loses its payloads before its jobs do, once its callback is delivered", async () => {
      const { id, jobs } = await submitBatch(t.store, [newJob(), newJob()], {
        webhook: newWebhook(),
      });
      await completeNext(t.store, 20);
      expect(await remove()).toBe(0);
      await completeNext(t.store, 30);
      await t.store.endBatch(id, callbackEvent(99));
      expect(await remove()).toBe(0);
      const [delivery] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "delivered" }));
      expect(await removeSlice({ limit: 10 })).toMatchObject({ jobs: 2, batches: 1 });
      const batch = await t.store.batch(id, ALL_OUTPUTS);
      expect(batch?.payloadsRemovedAt).toBe(NOW);
      expect(batch?.jobs).toMatchObject(
        jobs.map((job) => ({
          jobId: job.id,
          status: "completed",
          output: null,
          truncated: false,
          payloadsRemovedAt: NOW,
        })),
      );
      expect(await t.store.redeliver(delivery!.id, { now: NOW })).toBe(false);
    });

    test("that ended recently keeps those of jobs that ended long ago, also of a job in two batches", async () => {
      const idempotency = { key: "k", fingerprint: "x" };
      const shared = newJob({ idempotency });
      const old = await submitBatch(t.store, [shared]);
      const recent = await submitBatch(t.store, [newJob({ idempotency })]);
      await completeNext(t.store, 20);
      await t.store.endBatch(old.id, callbackEvent(30));
      await t.store.endBatch(recent.id, callbackEvent(100));
      expect(await remove()).toBe(0);
      expect((await t.store.batch(old.id))?.payloadsRemovedAt).toBe(NOW);
      expect(await removedAt(shared.id)).toBeNull();
      expect(await remove({ endedBefore: 101 })).toBe(1);
    });

    test("without payloads gets no webhook, because there is nothing to send", async () => {
      const { id } = await submitBatch(t.store, [newJob()]);
      await completeNext(t.store, 20);
      await t.store.endBatch(id, callbackEvent(30));
      await remove();
      expect(await t.store.setBatchWebhook(id, newWebhook())).toBe(false);
      expect(await claimDue(t.store, { now: 1e9 })).toEqual([]);
    });
  });

  describe("a file", () => {
    const newFile = (id: string) => ({
      id,
      name: "people.csv",
      type: "text/csv",
      size: 100,
      sha256: `content of ${id}`,
      createdAt: 5,
      expiresAt: 50,
    });
    const isThere = async (id: string) => (await t.store.file(id)) !== null;

    test("that a job names is free, unless another job names it", async () => {
      const [own, shared] = [newFile("file_p1"), newFile("file_p2")];
      for (const file of [own, shared]) await t.store.createFile(file);
      const { id } = await submitAndComplete({ files: [own.id, shared.id] });
      await submit(t.store, { files: [shared.id] });
      await deliverAll(t.store);
      expect(await t.store.pruneFiles({ now: NOW, limit: 10 })).toBe(0);
      expect(await remove()).toBe(1);
      expect(await t.store.filesOfJob(id)).toEqual([]);
      expect(await t.store.pruneFiles({ now: NOW, limit: 10 })).toBe(1);
      expect([await isThere(own.id), await isThere(shared.id)]).toEqual([false, true]);
    });

    test("that a job wrote is deleted, unless another job names it", async () => {
      const [own, shared] = [newFile("file_p3"), newFile("file_p4")];
      const { id } = await submit(t.store);
      const job = await start(t.store, await claimOne(t.store));
      const { transition, job: next } = completing(job);
      await t.store.commitTransition(claimOf(job), { ...transition, files: [own, shared] });
      await t.store.commitTransition(claimOf(next), completing(next).transition);
      await submit(t.store, { files: [shared.id] });
      expect(await remove()).toBe(1);
      expect(await removedAt(id)).toBe(NOW);
      expect([await isThere(own.id), await isThere(shared.id)]).toEqual([false, true]);
      expect(await t.store.usedContents([own.sha256])).toEqual(new Set());
    });
  });
}

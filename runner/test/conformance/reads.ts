import { describe, expect, test } from "vitest";
import { toJsonText } from "../../src/domain/json-text.ts";
import type { JobFilter, OutputBound } from "../../src/ports/store/jobs.ts";
import type { Page } from "../../src/ports/store/page.ts";
import {
  ALL_OUTPUTS,
  attemptOf,
  claim,
  claimDue,
  claimOf,
  claimOne,
  complete,
  completeNext,
  completeWith,
  completeWithWebhook,
  deliverAll,
  failIt,
  FAILURE,
  FIRST_PAGE,
  newJob,
  newWebhook,
  prune,
  start,
  submit,
  unclaimed,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function readConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  describe("job", () => {
    test("is null if it is unknown", async () => {
      expect(await t.store.job("job_unknown")).toBeNull();
    });

    test("has its outputs from the last step back, within the bound", async () => {
      const { id } = await submit(t.store);
      await completeWith(t.store, await claimOne(t.store), ["é".repeat(40), "last"]);
      const shown = async (bound?: OutputBound) =>
        (await t.store.job(id, bound))?.steps.map(({ output, truncated }) => [output, truncated]);
      const [first, last] = [`"${"é".repeat(40)}"`, '"last"'];
      const out = [null, true];
      expect(await shown()).toEqual([out, out]);
      expect(await shown({ maxOutputBytes: 5 })).toEqual([out, out]);
      expect(await shown({ maxOutputBytes: 87 })).toEqual([out, [last, false]]);
      expect(await shown({ maxOutputBytes: 88 })).toEqual([
        [first, false],
        [last, false],
      ]);
    });

    test("is not read if the reservation of its bytes fails", async () => {
      const { id } = await submit(t.store);
      await completeWith(t.store, await claimOne(t.store), ["é".repeat(40), "last"]);
      const sizes: number[] = [];
      const reserve = (bytes: number): void => void sizes.push(bytes);
      for (const maxOutputBytes of [0, 87, 88]) {
        await t.store.job(id, { maxOutputBytes, reserve });
      }
      expect(sizes.map((bytes) => bytes - sizes[0]!)).toEqual([0, 6, 88]);
      expect(sizes[0]).toBeGreaterThan(0);
      const failed = new Error("No room.");
      const refuse = (): never => {
        throw failed;
      };
      await expect(t.store.job(id, { ...ALL_OUTPUTS, reserve: refuse })).rejects.toBe(failed);
      expect(await t.store.job("job_unknown", { ...ALL_OUTPUTS, reserve: refuse })).toBeNull();
      expect((await t.store.job(id, ALL_OUTPUTS))?.steps).toHaveLength(2);
    });

    test("does not mark the missing output of a failed step as truncated", async () => {
      const { id } = await submit(t.store);
      await failIt(t.store, await start(t.store, await claimOne(t.store)));
      expect((await t.store.job(id))?.steps).toMatchObject([{ output: null, truncated: false }]);
    });
  });

  describe("jobValue", () => {
    test("is the input, or the output of one step", async () => {
      const { id } = await submit(t.store, newJob({ input: toJsonText({ a: 1 }) }));
      expect(await t.store.jobValue(id, 0)).toBeNull();
      await completeWith(t.store, await claimOne(t.store), ["é".repeat(40), "last"]);
      expect(await t.store.jobValue(id, "input")).toBe('{"a":1}');
      expect(await t.store.jobValue(id, 0)).toBe(`"${"é".repeat(40)}"`);
      expect(await t.store.jobValue(id, 1)).toBe('"last"');
      expect(await t.store.jobValue(id, 2)).toBeNull();
      expect(await t.store.jobValue("job_unknown", "input")).toBeNull();
      expect(await t.store.jobValue("job_unknown", 0)).toBeNull();
    });

    test("is not read if the reservation of its bytes fails", async () => {
      const { id } = await submit(t.store);
      await completeWith(t.store, await claimOne(t.store), ["é".repeat(40), "last"]);
      const sizes: number[] = [];
      await t.store.jobValue(id, 0, (bytes) => void sizes.push(bytes));
      expect(sizes).toEqual([82]);
      const refused = t.store.jobValue(id, 0, () => {
        throw new Error("No room.");
      });
      await expect(refused).rejects.toThrow("No room.");
    });
  });

  describe("jobs", () => {
    const list = async (filter: JobFilter, page: Page = FIRST_PAGE) =>
      (await t.store.jobs(filter, page)).items.map(({ id }) => id);

    test("are listed newest first, whatever their state", async () => {
      const jobs = [await submit(t.store), await submit(t.store, { priority: 5 })];
      await completeNext(t.store);
      jobs.push(await submit(t.store, { runAt: 500 }));
      expect(await list({})).toEqual(jobs.map(({ id }) => id).toReversed());
    });

    test("are listed with their fields, status and number of completed steps", async () => {
      const tags = ["b", "a"];
      const job = await submit(t.store, { name: "n", tags, priority: 2, runAt: 3, createdAt: 1 });
      const running = await start(t.store, await claimOne(t.store, { now: 10 }));
      await failIt(t.store, running, 30);
      expect((await t.store.jobs({}, FIRST_PAGE)).items).toEqual([
        {
          id: job.id,
          status: "failed",
          name: "n",
          plugins: ["first", "second"],
          tags: ["a", "b"],
          priority: 2,
          createdAt: 1,
          runAt: 3,
          startedAt: 10,
          endedAt: 30,
          payloadsRemovedAt: null,
          completedSteps: 0,
          stepAttempts: 1,
          failedAttempts: 0,
          stepFailed: true,
          failure: FAILURE,
          errorGroup: expect.stringMatching(/^err_/),
          waitingFor: null,
          deliveries: [],
        },
      ]);
    });

    test("are filtered by status, plugin, name and creation time, and by all of them together", async () => {
      const plugins = [{ name: "csv-profile", options: toJsonText({}) }];
      const a = await submit(t.store, { name: "a", createdAt: 10, plugins });
      const b = await submit(t.store, { name: "b", createdAt: 20 });
      const c = await submit(t.store, { name: "a", createdAt: 30 });
      await claimOne(t.store);
      expect(await list({ status: ["running"] })).toEqual([a.id]);
      expect(await list({ status: ["queued"] })).toEqual([c.id, b.id]);
      expect(await list({ status: ["failed"] })).toEqual([]);
      expect(await list({ plugin: "csv-profile" })).toEqual([a.id]);
      expect(await list({ plugin: "second" })).toEqual([c.id, b.id]);
      expect(await list({ plugin: "sec" })).toEqual([]);
      expect(await list({ name: "a" })).toEqual([c.id, a.id]);
      expect(await list({ createdAfter: 10 })).toEqual([c.id, b.id]);
      expect(await list({ createdBefore: 30 })).toEqual([b.id, a.id]);
      const all: JobFilter = { status: ["queued"], plugin: "first", name: "a", createdAfter: 20 };
      expect(await list({ ...all, createdBefore: 31 })).toEqual([c.id]);
      expect(await list({ ...all, createdBefore: 30 })).toEqual([]);
    });

    test("are paged so that every job appears once, while newer ones are added", async () => {
      const jobs = [];
      for (let i = 0; i < 5; i += 1) jobs.push(await submit(t.store));
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof t.store.jobs>> = await t.store.jobs(
          {},
          { limit: 2, cursor },
        );
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
        await submit(t.store);
      } while (cursor !== null);
      expect(seen).toEqual(jobs.map(({ id }) => id).toReversed());
    });

    test("have no next page if they fit exactly into one", async () => {
      await submit(t.store);
      await submit(t.store);
      expect((await t.store.jobs({}, { limit: 2, cursor: null })).nextCursor).toBeNull();
      expect(await t.store.jobs({ name: "x" }, FIRST_PAGE)).toEqual({
        items: [],
        nextCursor: null,
      });
    });

    test("are found behind many newer jobs that do not match the filter", async () => {
      const old = await submit(t.store, { name: "old" });
      await Promise.all(
        Array.from({ length: 5_000 }, () => t.store.submitJob(newJob(), UNLIMITED)),
      );
      expect(await list({ name: "old" })).toEqual([old.id]);
      expect(await list({ name: "none" })).toEqual([]);
      expect(new Set(await list({}, { limit: 10_000, cursor: null })).size).toBe(5_001);
    });

    test("reject a cursor that no page returned", async () => {
      await submit(t.store);
      for (const cursor of ["", "x", "'; DROP TABLE jobs", "LTE"]) {
        await expect(t.store.jobs({}, { limit: 2, cursor })).rejects.toThrow("cursor");
      }
    });
  });

  describe("events", () => {
    test("are returned after a sequence, in order, up to a limit", async () => {
      const job = await complete(t.store);
      const sequences = async (after: number, limit: number) =>
        (await t.store.events(job.id, { after, limit })).map(({ sequence }) => sequence);
      expect(await sequences(0, 100)).toEqual([1, 2, 3, 4]);
      expect(await sequences(2, 100)).toEqual([3, 4]);
      expect(await sequences(1, 2)).toEqual([2, 3]);
      expect(await sequences(4, 100)).toEqual([]);
      expect(await t.store.events("job_unknown", { after: 0, limit: 100 })).toEqual([]);
    });
  });

  describe("logs", () => {
    const line = (message: string, step = 0) =>
      ({ step, at: 15, level: "info", message, data: null }) as const;

    test("are stored unchanged, in the order in which they were written", async () => {
      const job = await submit(t.store);
      const entries = [
        { ...line("one\n🙂"), level: "debug" as const, data: toJsonText({ a: [1] }) },
        line("two", 1),
      ];
      await Promise.all([
        t.store.appendLogs(job.id, entries),
        t.store.appendLogs(job.id, [line("three")]),
        t.store.appendLogs(job.id, []),
      ]);
      const logs = await t.store.logs(job.id, { after: 0, limit: 100 });
      const written = [...entries, line("three")];
      expect(logs).toEqual(written.map((entry) => ({ ...entry, number: expect.any(Number) })));
    });

    test("have numbers that increase within the job and serve as cursor", async () => {
      const [job, other] = [await submit(t.store), await submit(t.store)];
      for (const message of ["a", "b", "c"]) {
        await t.store.appendLogs(job.id, [line(message)]);
        await t.store.appendLogs(other.id, [line("other")]);
      }
      const first = await t.store.logs(job.id, { after: 0, limit: 2 });
      const rest = await t.store.logs(job.id, { after: first.at(-1)?.number ?? 0, limit: 2 });
      expect([...first, ...rest].map(({ message }) => message)).toEqual(["a", "b", "c"]);
    });
  });

  describe("counts", () => {
    test("returns the number of jobs and deliveries in each state", async () => {
      const nothing = { queued: 0, running: 0, completed: 0, failed: 0 };
      expect((await t.store.counts()).jobs).toEqual(nothing);
      await completeWithWebhook(t.store);
      const [delivery] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", reason: "r" }));
      for (let i = 0; i < 4; i += 1) await submit(t.store);
      await failIt(t.store, await start(t.store, await claimOne(t.store)));
      const held = await claimOne(t.store);
      expect(await t.store.counts()).toEqual({
        jobs: { queued: 2, running: 1, completed: 1, failed: 1 },
        deliveries: { waiting: 2, due: 1, delivered: 0, dead: 1 },
        webhooks: { active: 0, paused: 0, off: 0 },
        schedules: { active: 0, paused: 0, ended: 0 },
      });
      await t.store.releaseJobs([claimOf(held)], { countsAttempt: false });
      expect((await t.store.counts()).jobs).toMatchObject({ queued: 3, running: 0 });
    });
  });

  describe("meta", () => {
    test("is null until it is set, and then the last value, also after the store was reopened", async () => {
      expect(await t.store.meta("vault")).toBeNull();
      await Promise.all([t.store.setMeta("vault", "a"), t.store.setMeta("vault", "ü")]);
      await t.store.setMeta("other", "");
      await t.reopen();
      expect(await t.store.meta("vault")).toBe("ü");
      expect(await t.store.meta("other")).toBe("");
    });
  });

  describe("nextJobDue", () => {
    test("is null if no job is scheduled for later", async () => {
      await submit(t.store);
      expect(await t.store.nextJobDue()).toBeNull();
    });

    test("is the earliest time of a scheduled job", async () => {
      for (const runAt of [900, 500, 700]) await submit(t.store, { runAt });
      expect(await t.store.nextJobDue()).toBe(500);
      await claim(t.store, { now: 500 });
      expect(await t.store.nextJobDue()).toBe(700);
    });
  });

  describe("pruneJobs", () => {
    const completeAt = (at: number) =>
      complete(
        t.store,
        { webhook: newWebhook(), idempotency: { key: `${at}`, fingerprint: "" } },
        at,
      );

    test("deletes jobs that ended before the instant, with everything that belongs to them", async () => {
      const old = await completeAt(20);
      await t.store.appendLogs(old.id, [
        { step: 0, at: 1, level: "info", message: "m", data: null },
      ]);
      const recent = await completeAt(50);
      const sent = await deliverAll(t.store);
      expect(await prune(t.store, { endedBefore: 50, limit: 10 })).toBe(1);
      expect(await t.store.job(old.id)).toBeNull();
      expect((await t.store.job(recent.id))?.status).toBe("completed");
      expect(await t.store.events(old.id, { after: 0, limit: 10 })).toEqual([]);
      expect(await t.store.logs(old.id, { after: 0, limit: 10 })).toEqual([]);
      const deleted = sent.filter(({ subjectId }) => subjectId === old.id);
      expect(await Promise.all(deleted.map(({ id }) => t.store.delivery(id)))).toEqual(
        deleted.map(() => null),
      );
      expect(await t.store.counts()).toMatchObject({
        jobs: { completed: 1 },
        deliveries: { delivered: 4 },
      });
    });

    test("frees the idempotency key", async () => {
      await completeAt(20);
      await deliverAll(t.store);
      const job = newJob({ idempotency: { key: "20", fingerprint: "" } });
      expect((await t.store.submitJob(job, UNLIMITED)).kind).toBe("duplicate");
      await prune(t.store, { endedBefore: 50, limit: 10 });
      expect((await t.store.submitJob(job, UNLIMITED)).kind).toBe("accepted");
    });

    test("keeps a job with an open delivery", async () => {
      const job = await completeAt(20);
      for (let ended = 0; ended < 4; ended += 1) {
        expect(await prune(t.store, { endedBefore: 50, limit: 10 })).toBe(0);
        const [delivery] = await claimDue(t.store);
        await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", reason: "r" }));
      }
      expect(await prune(t.store, { endedBefore: 200, limit: 10 })).toBe(1);
      expect(await t.store.job(job.id)).toBeNull();
    });

    test("keeps jobs that are queued, running, or queued again", async () => {
      for (let i = 0; i < 3; i += 1) await submit(t.store);
      const failed = await start(t.store, await claimOne(t.store));
      await failIt(t.store, failed, 20);
      await t.store.requeueJob(unclaimed(failed.id, failed.fence), { now: 25 });
      await claimOne(t.store);
      expect(await prune(t.store, { endedBefore: 1_000_000, limit: 10 })).toBe(0);
    });

    test("continues behind what it may not delete, and does not look at it again", async () => {
      const jobs = [await completeAt(20), await completeAt(21), await completeAt(30)];
      const [, ...others] = jobs.map(({ id }) => id);
      while (true) {
        const due = await claimDue(t.store);
        const sent = due.filter(({ subjectId }) => others.includes(subjectId));
        if (sent.length === 0) break;
        for (const each of sent) {
          await t.store.recordAttempt(attemptOf(each, { state: "delivered" }));
        }
      }
      const request = { endedBefore: 50, limit: 1 };
      const first = await t.store.pruneJobs({ ...request, after: null });
      expect(first).toMatchObject({ jobs: 0, more: true });
      const second = await t.store.pruneJobs({ ...request, after: first.at });
      expect(second).toMatchObject({ jobs: 1, more: true });
      const third = await t.store.pruneJobs({ ...request, limit: 2, after: second.at });
      expect(third).toMatchObject({ jobs: 1, more: false });
      expect(await t.store.pruneJobs({ ...request, after: third.at })).toEqual({
        jobs: 0,
        batches: 0,
        at: third.at,
        more: false,
      });
      expect(await t.store.pruneJobs({ ...request, after: null })).toEqual(first);
    });

    test("deletes failed jobs that ended before an instant of their own", async () => {
      const fail = async (at: number) => {
        const { id } = await submit(t.store);
        await failIt(t.store, await start(t.store, await claimOne(t.store)), at);
        return id;
      };
      const [failed, completed] = [await fail(20), (await complete(t.store, {}, 20)).id];
      const isThere = async (id: string) => (await t.store.job(id)) !== null;
      const request = { limit: 10, after: null };

      const longer = { ...request, endedBefore: 50, failedBefore: 20 };
      expect(await t.store.pruneJobs(longer)).toMatchObject({ jobs: 1, more: false });
      expect([await isThere(failed), await isThere(completed)]).toEqual([true, false]);

      const other = (await complete(t.store, {}, 20)).id;
      const shorter = { ...request, endedBefore: 20, failedBefore: 50 };
      expect(await t.store.pruneJobs(shorter)).toMatchObject({ jobs: 1, more: false });
      expect([await isThere(failed), await isThere(other)]).toEqual([false, true]);
    });

    test("lastEndOf tells when the first jobs have ended that ended at an instant or later", async () => {
      expect(await t.store.lastEndOf({ from: 0, count: 10 })).toBeNull();
      for (const at of [30, 20, 25]) await completeAt(at);
      await submit(t.store);
      expect(await t.store.lastEndOf({ from: 0, count: 1 })).toBe(20);
      expect(await t.store.lastEndOf({ from: 0, count: 2 })).toBe(25);
      expect(await t.store.lastEndOf({ from: 20, count: 10 })).toBe(30);
      expect(await t.store.lastEndOf({ from: 21, count: 1 })).toBe(25);
      expect(await t.store.lastEndOf({ from: 31, count: 10 })).toBeNull();
    });

    test("deletes no more than the limit in one call, the oldest end first", async () => {
      const jobs = [await completeAt(30), await completeAt(20), await completeAt(25)];
      await deliverAll(t.store);
      expect(await prune(t.store, { endedBefore: 50, limit: 2 })).toBe(2);
      expect((await t.store.jobs({}, FIRST_PAGE)).items.map(({ id }) => id)).toEqual([jobs[0]?.id]);
      expect(await prune(t.store, { endedBefore: 50, limit: 2 })).toBe(1);
      expect(await prune(t.store, { endedBefore: 50, limit: 2 })).toBe(0);
    });
  });
}

import { describe, expect, test } from "vitest";
import { NULL_JSON, toJsonText } from "../../src/domain/json-text.ts";
import {
  claim,
  claimOf,
  claimOne,
  complete,
  completeOne,
  failing,
  failIt,
  LEASE_MS,
  newJob,
  shiftAll,
  start,
  submit,
  unclaimed,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const UNCOUNTED = { countsAttempt: false };

export function claimConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);
  const ids = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id);

  describe("claimJobs", () => {
    test("claims the highest priority first, then in the order of submission", async () => {
      const priorities = [0, 5, -1, 5, 0];
      const jobs = await Promise.all(priorities.map((priority) => submit(t.store, { priority })));
      const order = [1, 3, 0, 4, 2].map((index) => jobs[index]?.id);
      expect(ids(await claim(t.store, { limit: 3 }))).toEqual(order.slice(0, 3));
      expect(ids(await claim(t.store))).toEqual(order.slice(3));
    });

    test("claims no more than the limit, and no job twice", async () => {
      for (let i = 0; i < 5; i += 1) await submit(t.store);
      const claims = await Promise.all([2, 0, 2, 2].map((limit) => claim(t.store, { limit })));
      expect(claims.map((jobs) => jobs.length)).toEqual([2, 0, 2, 1]);
      expect(new Set(claims.flatMap(ids)).size).toBe(5);
    });

    test("returns a job with everything needed to run it", async () => {
      const { webhook: _, idempotency: __, ...spec } = await submit(t.store, { name: "n" });
      expect(await claimOne(t.store, { now: 12 })).toEqual({
        ...spec,
        fence: expect.any(Number),
        owner: "owner_1",
        sequence: 0,
        stepAttempts: 1,
        startedAt: 12,
        completedSteps: [],
      });
    });

    test("makes the job running, with the fence that it returns", async () => {
      await submit(t.store);
      const job = await claimOne(t.store, { now: 12 });
      expect(await t.store.job(job.id)).toMatchObject({
        status: "running",
        fence: job.fence,
        stepAttempts: 1,
        startedAt: 12,
      });
    });

    test("does not claim a scheduled job before its time, even with the highest priority", async () => {
      const later = await submit(t.store, { runAt: 500, priority: 9 });
      const ready = await submit(t.store);
      expect(ids(await claim(t.store, { now: 499 }))).toEqual([ready.id]);
      expect(ids(await claim(t.store, { now: 500 }))).toEqual([later.id]);
    });

    test("orders scheduled jobs that are due like all others", async () => {
      const second = await submit(t.store, { runAt: 300 });
      const first = await submit(t.store, { runAt: 400, priority: 1 });
      const third = await submit(t.store);
      expect(ids(await claim(t.store, { now: 400 }))).toEqual([first.id, second.id, third.id]);
    });

    test("leaves a job whose next plugin is not ready waiting, and leases the jobs behind it", async () => {
      const plugins = [{ name: "gone", options: NULL_JSON }];
      const blocked = await submit(t.store, { priority: 9, plugins });
      const other = await submit(t.store);
      expect((await t.store.job(blocked.id))?.waitingFor).toBeNull();
      const request = { limit: 1, plugins: ["first"] };
      expect(ids(await claim(t.store, { ...request, now: 12 }))).toEqual([other.id]);
      const waitingFor = { kind: "plugin", on: "gone", since: 12 };
      const waiting = { status: "queued", fence: 0, stepAttempts: 0, startedAt: null, waitingFor };
      expect(await t.store.job(blocked.id)).toMatchObject(waiting);
      expect(await claim(t.store, { ...request, now: 20 })).toEqual([]);
      expect(await t.store.job(blocked.id)).toMatchObject(waiting);
    });

    test("leases a job that waited at its old place once its plugin is ready", async () => {
      const plugins = [{ name: "gone", options: NULL_JSON }];
      const blocked = await submit(t.store, { plugins });
      expect(await claim(t.store, { plugins: [] })).toEqual([]);
      const later = await submit(t.store);
      const [first, second] = await claim(t.store, { plugins: ["first", "gone"] });
      expect([first?.id, second?.id]).toEqual([blocked.id, later.id]);
      expect(first).toMatchObject({ stepAttempts: 1 });
      expect(first).not.toHaveProperty("waitedFor");
      expect((await t.store.job(blocked.id))?.waitingFor).toBeNull();
    });

    test("leases a job that has waited for as long as it may, with what it waited for", async () => {
      const waits = { plugins: [], waitLimitMs: 50 };
      const { id } = await submit(t.store);
      expect(await claim(t.store, { ...waits, now: 10 })).toEqual([]);
      expect(await claim(t.store, { ...waits, now: 59 })).toEqual([]);
      expect(await claim(t.store, { ...waits, now: 60, limit: 0 })).toEqual([]);
      expect(await claim(t.store, { ...waits, now: 60 })).toMatchObject([
        { id, waitedFor: { kind: "plugin", on: "first", since: 10 } },
      ]);
      expect((await t.store.job(id))?.waitingFor).toBeNull();
    });

    test.each([50, 0])(
      "leaves a job waiting, however long, while another daemon has its plugin (limit %i ms)",
      async (waitLimitMs) => {
        const { id } = await submit(t.store);
        const waits = { plugins: [], waitLimitMs };
        const other = { ...waits, elsewhere: ["first"] };
        expect(await claim(t.store, { ...other, now: 10 })).toEqual([]);
        expect(await claim(t.store, { ...other, now: 1_000 })).toEqual([]);
        expect((await t.store.job(id))?.waitingFor).toMatchObject({ on: "first", since: 1_000 });
        // That daemon has stopped.
        expect(await claim(t.store, { ...waits, now: 1_049 })).toHaveLength(waitLimitMs ? 0 : 1);
        if (waitLimitMs > 0)
          expect(ids(await claim(t.store, { ...waits, now: 1_050 }))).toEqual([id]);
      },
    );

    test("leases a job immediately when jobs may not wait at all", async () => {
      const { id } = await submit(t.store);
      expect(await claim(t.store, { plugins: [], waitLimitMs: 0, now: 10 })).toMatchObject([
        { id, waitedFor: { kind: "plugin", on: "first", since: 10 } },
      ]);
    });

    test("lets a job wait for the plugin of its next step only", async () => {
      const { id } = await submit(t.store);
      const job = await start(t.store, await claimOne(t.store, { plugins: ["first"] }));
      await completeOne(t.store, job);
      await t.store.releaseJobs([claimOf(job)], UNCOUNTED);
      expect(await claim(t.store, { plugins: ["first"] })).toEqual([]);
      expect((await t.store.job(id))?.waitingFor).toMatchObject({ on: "second" });
      expect(ids(await claim(t.store, { plugins: ["second"] }))).toEqual([id]);
    });

    test("says that more jobs can be ready when very many begin to wait", async () => {
      const plugins = [{ name: "gone", options: NULL_JSON }];
      await Promise.all(
        Array.from({ length: 1200 }, () => t.store.submitJob(newJob({ plugins }), UNLIMITED)),
      );
      const { id } = await submit(t.store);
      const request = { owner: "o", limit: 1, ahead: 0, now: 10, leaseUntil: 99 };
      const waits = { plugins: ["first"], elsewhere: [], waitingSinceBefore: 0 };
      let claimed = await t.store.claimJobs({ ...request, ...waits });
      expect(claimed.more).toBe(true);
      while (claimed.more) claimed = await t.store.claimJobs({ ...request, ...waits });
      expect(ids(claimed.jobs)).toEqual([id]);
    });

    test("moves the beginning of a wait with the clock", async () => {
      const { id } = await submit(t.store);
      await claim(t.store, { plugins: [], now: 1000 });
      await shiftAll(t.store, { now: 100, byMs: -900 });
      expect((await t.store.job(id))?.waitingFor).toMatchObject({ since: 100 });
      await shiftAll(t.store, { now: 150, byMs: -50 });
      expect((await t.store.job(id))?.waitingFor).toMatchObject({ since: 100 });
    });

    test("a job that waits can be failed, and waits no more", async () => {
      const { id } = await submit(t.store);
      await claim(t.store, { plugins: [] });
      const stored = await t.store.job(id);
      expect(stored?.waitingFor).not.toBeNull();
      const transition = failing({
        ...stored!.spec,
        fence: 0,
        owner: "owner_1",
        sequence: 0,
        stepAttempts: 0,
        startedAt: 0,
        completedSteps: [],
      });
      expect(await t.store.commitTransition(unclaimed(id), transition)).toBe(true);
      expect(await t.store.job(id)).toMatchObject({ status: "failed", waitingFor: null });
      await t.store.requeueJob(unclaimed(id), { now: 20 });
      expect(ids(await claim(t.store, { now: 20 }))).toEqual([id]);
    });

    test("sets a new fence and counts an attempt at every claim", async () => {
      await submit(t.store);
      const first = await claimOne(t.store, { now: 10 });
      await t.store.reap({ owner: "owner_2", now: 10 + LEASE_MS + 1 });
      const second = await claimOne(t.store, { now: 5_000 });
      expect(second.fence).toBeGreaterThan(first.fence);
      expect(second.stepAttempts).toBe(2);
    });

    test("keeps the start time of a job whose start was stored", async () => {
      await submit(t.store);
      const first = await start(t.store, await claimOne(t.store, { now: 10 }));
      await t.store.releaseJobs([claimOf(first)], UNCOUNTED);
      expect((await claimOne(t.store, { now: 50 })).startedAt).toBe(10);
      await t.store.reap({ owner: "owner_2", now: 50 + LEASE_MS + 1 });
      expect((await claimOne(t.store, { now: 99 })).startedAt).toBe(10);
    });

    test("resets the start time of a job whose start was not stored", async () => {
      const { id } = await submit(t.store);
      const first = await claimOne(t.store, { now: 10 });
      await t.store.releaseJobs([claimOf(first)], UNCOUNTED);
      expect((await t.store.job(id))?.startedAt).toBeNull();
      expect((await claimOne(t.store, { now: 50 })).startedAt).toBe(50);
      await t.store.reap({ owner: "owner_2", now: 50 + LEASE_MS + 1 });
      expect((await t.store.job(id))?.startedAt).toBeNull();
      expect((await claimOne(t.store, { now: 99 })).startedAt).toBe(99);
    });

    test("returns the completed steps and outputs of a job that ran before", async () => {
      await submit(t.store);
      const job = await completeOne(t.store, await start(t.store, await claimOne(t.store)));
      await t.store.releaseJobs([claimOf(job)], UNCOUNTED);
      const again = await claimOne(t.store);
      expect(again.completedSteps).toEqual(job.completedSteps);
      expect(again.completedSteps).toHaveLength(1);
      expect(again.sequence).toBe(job.sequence);
    });

    test("claims jobs ahead of the limit, in the same order", async () => {
      const jobs = [];
      for (let i = 0; i < 4; i += 1) jobs.push(await submit(t.store));
      const claimed = await claim(t.store, { limit: 1, ahead: 2 });
      expect(ids(claimed)).toEqual(jobs.slice(0, 3).map(({ id }) => id));
      expect((await t.store.counts()).jobs).toMatchObject({ running: 3, queued: 1 });
    });

    test("claims no interrupted job ahead, and no job behind one", async () => {
      const [first, interrupted, last] = [
        await submit(t.store),
        await submit(t.store, { priority: 1 }),
        await submit(t.store, { priority: -1 }),
      ];
      await claimOne(t.store, { now: 10 });
      await t.store.reap({ owner: "owner_2", now: 10 + LEASE_MS + 1 });
      const again = await claim(t.store, { limit: 1, ahead: 5 });
      expect(ids(again)).toEqual([interrupted.id]);
      await t.store.releaseJobs(again.map(claimOf), UNCOUNTED);
      const urgent = await submit(t.store, { priority: 2 });
      expect(ids(await claim(t.store, { limit: 1, ahead: 5 }))).toEqual([urgent.id]);
      expect(ids(await claim(t.store, { limit: 2, ahead: 5 }))).toEqual([interrupted.id, first.id]);
      expect(ids(await claim(t.store, { limit: 0, ahead: 5 }))).toEqual([last.id]);
    });

    test("claims a job on its last attempt while others run, and others while it runs", async () => {
      const interrupted = await submit(t.store);
      for (const owner of ["owner_1", "owner_2"]) {
        await claimOne(t.store, { owner });
        await t.store.reap({ owner: "newest", now: 10 + LEASE_MS + 1 });
      }
      const urgent = await submit(t.store, { priority: 1 });
      const last = await submit(t.store, { priority: -1 });
      expect(ids(await claim(t.store, { limit: 1 }))).toEqual([urgent.id]);
      const [lastAttempt] = await claim(t.store, { limit: 1 });
      expect(lastAttempt).toMatchObject({ id: interrupted.id, stepAttempts: 3 });
      expect(ids(await claim(t.store))).toEqual([last.id]);
    });

    test("says that no other job is ready only if none is", async () => {
      await submit(t.store, { priority: 9 });
      await t.store.releaseJobs([claimOf(await claimOne(t.store))], { countsAttempt: true });
      for (let i = 0; i < 3; i += 1) await submit(t.store);
      const request = { owner: "o", now: 10, leaseUntil: 99, plugins: ["first"], elsewhere: [] };
      const left: number[] = [];
      // The second claim ends at the interrupted job, although it could claim more.
      for (const [limit, ahead] of [
        [0, 0],
        [0, 3],
        [1, 1],
        [1, 0],
        [1, 0],
        [1, 1],
      ] as const) {
        const { jobs, isNoneReady = false } = await t.store.claimJobs({
          ...request,
          limit,
          ahead,
          waitingSinceBefore: Number.NEGATIVE_INFINITY,
        });
        left.push((left.at(-1) ?? 4) - jobs.length);
        expect(isNoneReady && left.at(-1) !== 0).toBe(false);
      }
      expect(left.at(-1)).toBe(0);
    });

    test("claims ahead only while the inputs are small", async () => {
      const input = toJsonText("x".repeat(6_000_000));
      for (let i = 0; i < 4; i += 1) await submit(t.store, { input });
      expect(await claim(t.store, { limit: 1, ahead: 3 })).toHaveLength(1);
      expect(await claim(t.store, { limit: 2, ahead: 3 })).toHaveLength(2);
    });

    test("does not claim completed or failed jobs", async () => {
      await submit(t.store);
      await complete(t.store);
      await failIt(t.store, await start(t.store, await claimOne(t.store)));
      expect(await claim(t.store, { now: 1_000_000 })).toEqual([]);
    });
  });
}

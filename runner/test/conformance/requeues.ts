/** A failed job that a client queues again. */
import { describe, expect, test } from "vitest";
import {
  claim,
  claimOf,
  claimOne,
  completeOne,
  FAILURE,
  failIt,
  newJob,
  start,
  submit,
  unclaimed,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function requeueConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  describe("requeueJob", () => {
    async function failSecondStep() {
      await submit(t.store);
      const job = await completeOne(t.store, await start(t.store, await claimOne(t.store)));
      await failIt(t.store, job);
      return job;
    }

    test("puts a failed job back at the step that failed", async () => {
      const job = await failSecondStep();
      expect(await t.store.requeueJob(unclaimed(job.id, job.fence), { now: 50 })).toBe(true);
      expect(await t.store.job(job.id)).toMatchObject({
        status: "queued",
        sequence: 3,
        stepAttempts: 0,
        endedAt: null,
        failure: null,
        steps: [{ index: 0, status: "completed" }],
      });
      const again = await claimOne(t.store);
      expect(again.completedSteps).toEqual(job.completedSteps);
      expect(again).toMatchObject({ stepAttempts: 1, sequence: 3, startedAt: job.startedAt });
    });

    test("puts it back at the first step, when asked to, without the results of all steps", async () => {
      const job = await failSecondStep();
      const change = { now: 50, from: "start" } as const;
      expect(await t.store.requeueJob(unclaimed(job.id, job.fence), change)).toBe(true);
      expect(await t.store.job(job.id)).toMatchObject({
        status: "queued",
        sequence: 3,
        steps: [],
        attempts: [{ step: 1, failure: FAILURE }],
      });
      expect((await claimOne(t.store)).completedSteps).toEqual([]);
    });

    test("continues the numbering of events", async () => {
      const job = await failSecondStep();
      await t.store.requeueJob(unclaimed(job.id, job.fence), { now: 50 });
      await completeOne(t.store, await claimOne(t.store));
      const events = await t.store.events(job.id, { after: 0, limit: 100 });
      expect(events.map(({ kind, sequence }) => [sequence, kind])).toEqual([
        [1, "started"],
        [2, "progress"],
        [3, "failed"],
        [4, "progress"],
        [5, "completed"],
      ]);
    });

    test("returns false for a job that is unknown or not failed, or was queued again", async () => {
      const queued = await submit(t.store);
      expect(await t.store.requeueJob(unclaimed(queued.id), { now: 50 })).toBe(false);
      const job = await claimOne(t.store);
      expect(await t.store.requeueJob(claimOf(job), { now: 50 })).toBe(false);
      await failIt(t.store, await start(t.store, job));
      const again = [1, 2]
        .map(() => unclaimed(job.id, job.fence))
        .map((c) => t.store.requeueJob(c, { now: 50 }));
      expect(await Promise.all(again)).toEqual([true, false]);
      expect(await t.store.requeueJob(unclaimed("job_x"), { now: 50 })).toBe(false);
    });

    test("returns false if the fence is not the newest", async () => {
      const job = await failSecondStep();
      const stale = unclaimed(job.id, job.fence - 1);
      expect(await t.store.requeueJob(stale, { now: 50 })).toBe(false);
      expect((await t.store.job(job.id))?.status).toBe("failed");
    });

    test("keeps the time from which the job can be claimed", async () => {
      const job = newJob({ runAt: 500 });
      await t.store.submitJob(job, UNLIMITED);
      await t.store.commitTransition(unclaimed(job.id), {
        status: "failed",
        sequence: 0,
        events: [],
        endedAt: 20,
      });
      await t.store.requeueJob(unclaimed(job.id), { now: 50 });
      expect(await claim(t.store, { now: 499 })).toEqual([]);
      expect(await claim(t.store, { now: 500 })).toHaveLength(1);
    });
  });
}

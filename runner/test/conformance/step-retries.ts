/** Steps that failed and run again: what a transition with `retry` stores, and what claims return then. */
import { describe, expect, test } from "vitest";
import { toRetryPolicy } from "../../src/domain/step-retry.ts";
import type { RunningJob } from "../../src/domain/job.ts";
import {
  claim,
  claimOf,
  claimOne,
  completeOne,
  failIt,
  FAILURE,
  newJob,
  retrying,
  shiftAll,
  start,
  submit,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function stepRetryConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  /** A running job of which the first step has completed. */
  async function atSecondStep(): Promise<RunningJob> {
    await submit(t.store);
    return completeOne(t.store, await start(t.store, await claimOne(t.store)));
  }

  async function failAttempt(job: RunningJob, at: number, retryMs: number): Promise<void> {
    const transition = retrying(job, { at, retryMs });
    expect(await t.store.commitTransition(claimOf(job), transition)).toBe(true);
  }

  describe("a step that is retried", () => {
    test("is queued until its instant, without an event, and keeps the attempt", async () => {
      const job = await atSecondStep();
      await failAttempt(job, 30, 70);
      expect(await t.store.job(job.id)).toMatchObject({
        status: "queued",
        owner: null,
        fence: job.fence + 1,
        sequence: 2,
        stepAttempts: 0,
        failedAttempts: 1,
        failure: null,
        spec: { runAt: 100 },
        waitingFor: {
          kind: "retry",
          at: 100,
          failedAttempts: 1,
          message: FAILURE.message,
          since: 30,
        },
        steps: [{ index: 0, status: "completed" }],
        attempts: [{ step: 1, startedAt: 25, endedAt: 30, failure: FAILURE }],
      });
      const { items } = await t.store.jobs({}, { limit: 1, cursor: null });
      expect(items[0]).toMatchObject({
        waitingFor: { kind: "retry", at: 100 },
        stepAttempts: 0,
        failedAttempts: 1,
      });
      expect((await t.store.counts()).jobs).toMatchObject({ queued: 1, running: 0 });
      expect(await t.store.nextJobDue()).toBe(100);
    });

    test("is claimed at its instant, with the count and the time of its attempts", async () => {
      const job = await atSecondStep();
      await failAttempt(job, 30, 70);
      expect(await claim(t.store, { now: 99 })).toEqual([]);
      const [again] = await claim(t.store, { now: 100 });
      expect(again).toMatchObject({
        stepAttempts: 1,
        completedSteps: job.completedSteps,
        failedAttempts: { count: 1, durationMs: 7 },
      });
      expect((await t.store.job(job.id))?.waitingFor).toBeNull();
      await failAttempt(again!, 110, 0);
      const [third] = await claim(t.store, { now: 110 });
      expect(third).toMatchObject({ failedAttempts: { count: 2, durationMs: 14 } });
    });

    test("leaves no count to the next step, nor to a retry by a client", async () => {
      const job = await atSecondStep();
      await failAttempt(job, 30, 0);
      const [again] = await claim(t.store, { now: 30 });
      await failIt(t.store, again!);
      const { fence, failedAttempts } = (await t.store.job(job.id))!;
      expect(failedAttempts).toBe(1);
      await t.store.requeueJob({ jobId: job.id, fence, owner: null }, { now: 50 });
      const [retried] = await claim(t.store, { now: 50 });
      expect(retried).not.toHaveProperty("failedAttempts");
      expect((await t.store.job(job.id))?.attempts).toMatchObject([{ step: 1 }, { step: 1 }]);
      await failAttempt(retried!, 60, 0);
      const [last] = await claim(t.store, { now: 60 });
      await completeOne(t.store, last!);
      expect((await t.store.job(job.id))?.failedAttempts).toBe(0);
    });

    test("is refused under a claim that is no longer valid", async () => {
      const job = await atSecondStep();
      await t.store.releaseJobs([claimOf(job)], { countsAttempt: true });
      expect(await t.store.commitTransition(claimOf(job), retrying(job))).toBe(false);
      expect((await t.store.job(job.id))?.attempts).toEqual([]);
    });

    test("moves with the clock, which a job that was scheduled does not", async () => {
      const job = await atSecondStep();
      await failAttempt(job, 1_000, 500);
      const scheduled = newJob({ runAt: 1_400 });
      await t.store.submitJob(scheduled, UNLIMITED);
      await shiftAll(t.store, { now: 700, byMs: -300 });
      expect((await t.store.job(job.id))?.spec.runAt).toBe(1_200);
      expect((await t.store.job(scheduled.id))?.spec.runAt).toBe(1_400);
    });

    test("does not move with the clock when it is due at the instant itself", async () => {
      const job = await atSecondStep();
      await failAttempt(job, 1_000, 500);
      await shiftAll(t.store, { now: 1_500, byMs: -300 });
      expect((await t.store.job(job.id))?.spec.runAt).toBe(1_500);
    });

    test("leaves nothing behind when its job is deleted", async () => {
      const job = await atSecondStep();
      await failAttempt(job, 30, 0);
      const [again] = await claim(t.store, { now: 30 });
      await failIt(t.store, again!);
      expect(await t.store.deleteJob(job.id)).toBe("deleted");
    });
  });

  test("a job's retry policy is stored with it", async () => {
    const retry = toRetryPolicy({ attempts: 7, backoff: { jitter: 0 } });
    const job = newJob({ retry });
    await t.store.submitJob(job, UNLIMITED);
    expect((await t.store.job(job.id))?.spec.retry).toEqual(retry);
    expect((await claimOne(t.store)).retry).toEqual(retry);
  });
}

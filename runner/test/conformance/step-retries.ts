/** Steps that failed and run again: what a transition with `retry` stores, and what claims return then. */
import { describe, expect, test } from "vitest";
import { MAX_ATTEMPTS_SHOWN } from "../../src/domain/limits.ts";
import { toRetryPolicy } from "../../src/domain/step-retry.ts";
import { CANCELLED, fail, type RunningJob } from "../../src/domain/job.ts";
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
  unclaimed,
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

  test("a submit knows what the calls before it in its group have done to the queue", async () => {
    await submit(t.store);
    const job = await start(t.store, await claimOne(t.store));
    const waiting = await submit(t.store);
    const end = { completedCount: 0, failure: CANCELLED, at: 40, attempts: 0 };
    const cancelled = fail({ ...waiting, sequence: 0 }, end, { jobUrl: "u" });
    const [, full, , free] = await Promise.all([
      t.store.commitTransition(claimOf(job), retrying(job)),
      t.store.submitJob(newJob(), { maxQueued: 2 }),
      t.store.commitTransition(unclaimed(waiting.id), cancelled),
      t.store.submitJob(newJob(), { maxQueued: 2 }),
    ]);
    expect(full).toEqual({ kind: "queue-full", queued: 2 });
    expect(free).toEqual({ kind: "accepted" });
  });

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
        attempts: [
          { step: 1, number: 1, isPast: false, startedAt: 25, endedAt: 30, failure: FAILURE },
        ],
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
      await failAttempt(retried!, 60, 0);
      expect((await t.store.job(job.id))?.attempts).toMatchObject([
        { step: 1, number: 1, isPast: true },
        { step: 1, number: 2, isPast: true },
        { step: 1, number: 1, isPast: false },
      ]);
      const [last] = await claim(t.store, { now: 60 });
      await completeOne(t.store, last!);
      expect((await t.store.job(job.id))?.failedAttempts).toBe(0);
    });

    test("is due immediately when a client retries the job that was cancelled meanwhile", async () => {
      const job = await atSecondStep();
      await failAttempt(job, 30, 1_000_000);
      const { fence, spec, sequence } = (await t.store.job(job.id))!;
      const cancelled = fail(
        { ...spec, sequence },
        { completedCount: 1, failure: CANCELLED, at: 40, attempts: 1 },
        { jobUrl: "x" },
      );
      expect(await t.store.commitTransition(unclaimed(job.id, fence), cancelled)).toBe(true);
      const ended = (await t.store.job(job.id))!;
      const again = unclaimed(job.id, ended.fence);
      expect(await t.store.requeueJob(again, { now: 50 })).toBe(true);
      expect(await claim(t.store, { now: 50 })).toHaveLength(1);
    });

    test("keeps its newest attempts for a reader", async () => {
      let job = await atSecondStep();
      for (let attempt = 1; attempt <= MAX_ATTEMPTS_SHOWN + 1; attempt += 1) {
        await t.store.commitTransition(claimOf(job), retrying(job, { at: attempt, retryMs: 0 }));
        [job] = (await claim(t.store, { now: attempt })) as [RunningJob];
      }
      const { attempts, failedAttempts } = (await t.store.job(job.id))!;
      expect(failedAttempts).toBe(MAX_ATTEMPTS_SHOWN + 1);
      expect(attempts.map(({ endedAt }) => endedAt)).toEqual(
        Array.from({ length: MAX_ATTEMPTS_SHOWN }, (_, index) => index + 2),
      );
    });

    test("that completed keeps its attempts, which are past when all steps run again", async () => {
      await submit(t.store);
      await failAttempt(await start(t.store, await claimOne(t.store)), 30, 0);
      const second = await completeOne(t.store, await claimOne(t.store, { now: 30 }));
      await failIt(t.store, second);
      const pastOf = async () =>
        (await t.store.job(second.id))?.attempts.map(({ step, isPast }) => [step, isPast]);
      const requeue = async (from: "failed-step" | "start"): Promise<void> => {
        const { fence } = (await t.store.job(second.id))!;
        await t.store.requeueJob({ jobId: second.id, fence, owner: null }, { now: 50, from });
      };
      await requeue("failed-step");
      expect(await pastOf()).toEqual([
        [0, false],
        [1, true],
      ]);
      await failIt(t.store, await claimOne(t.store, { now: 50 }));
      await requeue("start");
      expect(await pastOf()).toEqual([
        [0, true],
        [1, true],
        [1, true],
      ]);
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

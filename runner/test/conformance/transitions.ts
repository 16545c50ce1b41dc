import { describe, expect, test } from "vitest";
import { EVENT_KINDS, type EventKind } from "../../src/domain/event.ts";
import { fail } from "../../src/domain/job.ts";
import {
  ALL_OUTPUTS,
  beginning,
  claimDue,
  claimOf,
  claimOne,
  complete,
  completeOne,
  completeWithWebhook,
  completing,
  deliverAll,
  eventKinds,
  failing,
  FAILURE,
  FIRST_PAGE,
  LEASE_MS,
  newWebhook,
  start,
  submit,
  unclaimed,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function transitionConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  /** Reads everything that a transition can change. */
  async function allOf(jobId: string) {
    return {
      job: await t.store.job(jobId, ALL_OUTPUTS),
      events: await t.store.events(jobId, { after: 0, limit: 100 }),
      deliveries: await t.store.deliveries({ jobId }, FIRST_PAGE),
      counts: await t.store.counts(),
    };
  }

  describe("commitTransition", () => {
    test("stores state, step, events and deliveries together", async () => {
      await submit(t.store, { webhook: newWebhook() });
      const job = await start(t.store, await claimOne(t.store));
      const { transition } = completing(job, 20);
      expect(await t.store.commitTransition(claimOf(job), transition)).toBe(true);
      const stored = await allOf(job.id);
      expect(stored.job).toMatchObject({ status: "running", sequence: 2, endedAt: null });
      expect(stored.job?.steps).toEqual([{ ...transition.step, truncated: false }]);
      expect(stored.events[1]).toEqual(transition.events[0]);
      expect(stored.deliveries.items.map(({ sequence }) => sequence)).toEqual([2, 1]);
    });

    test("resets the attempts to one for the next step", async () => {
      await submit(t.store);
      await claimOne(t.store, { now: 10 });
      await t.store.reap({ owner: "owner_2", now: 10 + LEASE_MS + 1 });
      const job = await start(t.store, await claimOne(t.store));
      expect((await t.store.job(job.id))?.stepAttempts).toBe(2);
      await completeOne(t.store, job);
      expect((await t.store.job(job.id))?.stepAttempts).toBe(1);
    });

    test("completes a job", async () => {
      const job = await complete(t.store);
      const stored = await t.store.job(job.id, ALL_OUTPUTS);
      expect(stored).toMatchObject({
        status: "completed",
        endedAt: 20,
        failure: null,
        sequence: 4,
      });
      expect(stored?.steps.map(({ plugin, output }) => ({ plugin, output }))).toEqual(
        job.completedSteps.map(({ plugin, output }) => ({ plugin, output })),
      );
      expect(await eventKinds(t.store, job.id)).toEqual([
        "started",
        "progress",
        "progress",
        "completed",
      ]);
    });

    test("fails a job with its failure and the failed step", async () => {
      await submit(t.store);
      const job = await start(t.store, await claimOne(t.store));
      const transition = failing(job, 30);
      expect(await t.store.commitTransition(claimOf(job), transition)).toBe(true);
      expect(await t.store.job(job.id)).toMatchObject({
        status: "failed",
        endedAt: 30,
        failure: FAILURE,
        steps: [transition.step],
      });
    });

    test("fails a queued job that was not claimed, under the fence that was read", async () => {
      const { id } = await submit(t.store, { webhook: newWebhook() });
      const job = await t.store.job(id);
      if (job === null) throw new Error(`${id} is not stored.`);
      const failure = { code: "CANCELLED", message: "The job was cancelled." } as const;
      const transition = fail(
        { ...job.spec, sequence: job.sequence },
        { completedCount: 0, failure, at: 15, attempts: 0 },
        { jobUrl: "x" },
      );
      expect(await t.store.commitTransition(unclaimed(id, job.fence), transition)).toBe(true);
      expect(await t.store.job(id)).toMatchObject({ status: "failed", failure, startedAt: null });
      expect((await deliverAll(t.store)).map(({ kind }) => kind)).toEqual(["failed"]);
    });

    test("returns false and stores nothing if the fence is not the newest", async () => {
      await submit(t.store, { webhook: newWebhook() });
      const stale = await claimOne(t.store, { now: 10 });
      await t.store.reap({ owner: "owner_2", now: 10 + LEASE_MS + 1 });
      const held = await claimOne(t.store, { now: 10 });
      const before = await allOf(held.id);
      expect(await t.store.commitTransition(claimOf(stale), beginning(stale))).toBe(false);
      expect(await allOf(held.id)).toEqual(before);
      expect(await t.store.commitTransition(claimOf(held), beginning(held))).toBe(true);
    });

    test("returns false and stores nothing if the job has ended", async () => {
      await submit(t.store, { webhook: newWebhook() });
      const job = await start(t.store, await claimOne(t.store));
      const late = completing({ ...job, sequence: 2 }, 31).transition;
      const stored = await Promise.all([
        t.store.commitTransition(claimOf(job), failing(job, 30)),
        t.store.commitTransition(claimOf(job), late),
      ]);
      expect(stored).toEqual([true, false]);
      expect(await eventKinds(t.store, job.id)).toEqual(["started", "failed"]);
    });

    test("returns false and stores nothing if the events do not continue the numbering", async () => {
      await submit(t.store, { webhook: newWebhook() });
      const claimed = await claimOne(t.store);
      const ahead = completing({ ...claimed, sequence: 1 }).transition;
      const before = await allOf(claimed.id);
      expect(await t.store.commitTransition(claimOf(claimed), ahead)).toBe(false);
      expect(await allOf(claimed.id)).toEqual(before);
      await start(t.store, claimed);
      expect(await t.store.commitTransition(claimOf(claimed), beginning(claimed))).toBe(false);
      expect(await eventKinds(t.store, claimed.id)).toEqual(["started"]);
    });

    test("returns false for an unknown job", async () => {
      await submit(t.store);
      const job = await claimOne(t.store);
      const claim = { ...claimOf(job), jobId: "job_unknown" };
      expect(await t.store.commitTransition(claim, beginning(job))).toBe(false);
    });

    test("stores nothing of a transition if a part of it cannot be stored", async () => {
      await submit(t.store, { webhook: newWebhook() });
      const job = await start(t.store, await claimOne(t.store));
      const { transition } = completing(job);
      const twice = { ...transition, events: [...transition.events, ...transition.events] };
      const before = await allOf(job.id);
      await expect(
        t.store.commitTransition(claimOf(job), { ...twice, sequence: job.sequence + 2 }),
      ).rejects.toThrow();
      expect(await allOf(job.id)).toEqual(before);
    });

    test("stores bodies, outputs and metrics unchanged", async () => {
      await submit(t.store);
      const job = await claimOne(t.store);
      const { transition } = completing({ ...job, sequence: 0 });
      const body = '{"b": 1,\n"a":"\\u00e9 é 🙂 \\u0000"}' as never;
      const events = transition.events.map((event) => ({ ...event, body }));
      const step = {
        ...transition.step!,
        output: body,
        metrics: { processedItems: 1e15, duration: 0.1 },
      };
      await t.store.commitTransition(claimOf(job), { ...transition, events, step });
      expect((await t.store.events(job.id, { after: 0, limit: 1 }))[0]?.body).toBe(body);
      const stored = await t.store.job(job.id, ALL_OUTPUTS);
      expect(stored?.steps[0]).toEqual({ ...step, truncated: false });
    });

    test.each<[string, readonly EventKind[] | null, EventKind[]]>([
      ["all kinds if it names none", null, ["started", "progress", "progress", "completed"]],
      ["only the kinds that it names", ["completed", "started"], ["started", "completed"]],
      ["nothing if it names only kinds that do not happen", ["failed"], []],
    ])("delivers to a webhook %s", async (_, on, kinds) => {
      await completeWithWebhook(t.store, { on });
      expect((await deliverAll(t.store)).map(({ kind }) => kind)).toEqual(kinds);
    });

    test("stores no delivery for a job without a webhook", async () => {
      await complete(t.store);
      expect(await claimDue(t.store)).toEqual([]);
      expect(EVENT_KINDS).toContain("completed");
    });

    test("makes the first delivery due at its event's instant, and later ones wait", async () => {
      await submit(t.store, { webhook: newWebhook() });
      const job = await claimOne(t.store);
      await t.store.commitTransition(claimOf(job), beginning(job, 13));
      await completeOne(t.store, { ...job, sequence: 1 }, 20);
      const { items } = await t.store.deliveries({ jobId: job.id }, FIRST_PAGE);
      expect(items.map(({ state, dueAt, createdAt }) => ({ state, dueAt, createdAt }))).toEqual([
        { state: "waiting", dueAt: null, createdAt: 20 },
        { state: "due", dueAt: 13, createdAt: 13 },
      ]);
    });

    test("makes a delivery due immediately if all earlier ones have ended", async () => {
      await submit(t.store, { webhook: newWebhook() });
      const job = await start(t.store, await claimOne(t.store));
      await deliverAll(t.store);
      await completeOne(t.store, job, 44);
      const { items } = await t.store.deliveries({ jobId: job.id }, FIRST_PAGE);
      expect(items[0]).toMatchObject({ state: "due", dueAt: 44, sequence: 2 });
    });
  });
}

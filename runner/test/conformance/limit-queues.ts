/** How many jobs wait for a limit before more are refused. */
import { describe, expect, test } from "vitest";
import type { DeclaredLimit } from "../../src/domain/plugin-limits.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import { claim, newBatch, newJob, submit, UNLIMITED } from "./given.ts";
import { fire, runAt, save, states } from "./given-schedules.ts";
import { limited, ONE } from "./given-limits.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const TWO_WAIT: DeclaredLimit = { ...ONE, maxQueued: 2 };
const BY = { by: "operator", now: 50 };
const full = (queued: number, maxQueued: number) => ({
  kind: "limit-full",
  name: "site",
  queued,
  maxQueued,
});
const ACCEPTED = { kind: "accepted" };

export function limitQueueConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  const offer = (limit: DeclaredLimit, fields: Partial<NewJob> = {}) =>
    t.store.submitJob(limited(limit, "", fields), UNLIMITED);

  describe("a limit that bounds how many jobs wait", () => {
    test("refuses what exceeds it, also among calls that are grouped, and stores none of it", async () => {
      const jobs = [1, 2, 3].map(() => limited(TWO_WAIT));
      const outcomes = await Promise.all(jobs.map((job) => t.store.submitJob(job, UNLIMITED)));
      expect(outcomes).toEqual([ACCEPTED, ACCEPTED, full(2, 2)]);
      expect(await t.store.job(jobs[2]?.id ?? "")).toBeNull();
      await t.reopen();
      expect(await offer(TWO_WAIT)).toEqual(full(2, 2));
      // Other jobs are accepted.
      await submit(t.store);
      expect(await offer({ ...TWO_WAIT, name: "other" })).toEqual(ACCEPTED);
    });

    test("has room again when a job has got its slot", async () => {
      await offer(TWO_WAIT);
      await offer(TWO_WAIT);
      await claim(t.store);
      expect(await offer(TWO_WAIT)).toEqual(ACCEPTED);
      expect(await offer(TWO_WAIT)).toEqual(full(2, 2));
    });

    test("does not count jobs that are to run later, nor refuses them", async () => {
      for (let i = 0; i < 3; i += 1) {
        expect(await offer(TWO_WAIT, { runAt: 1e9, createdAt: 0 })).toEqual(ACCEPTED);
      }
      expect(await offer(TWO_WAIT)).toEqual(ACCEPTED);
    });

    test("recognizes a key when it is full, and leaves that of a refused job free", async () => {
      const idempotency = { key: "k", fingerprint: "a" };
      const refused = { key: "r", fingerprint: "a" };
      const first = limited(TWO_WAIT, "", { idempotency });
      expect(await t.store.submitJob(first, UNLIMITED)).toEqual(ACCEPTED);
      await offer(TWO_WAIT);
      expect(await offer(TWO_WAIT, { idempotency })).toEqual({
        kind: "duplicate",
        id: first.id,
        sameRequest: true,
      });
      expect(await offer(TWO_WAIT, { idempotency: refused })).toEqual(full(2, 2));
      await claim(t.store);
      expect(await offer(TWO_WAIT, { idempotency: refused })).toEqual(ACCEPTED);
    });

    test("refuses a batch as a whole, also the first jobs of a limit that is not stored yet", async () => {
      const jobs = [1, 2, 3].map(() => limited(TWO_WAIT));
      const batch = newBatch([newJob(), ...jobs]);
      expect(await t.store.submitBatch(batch, UNLIMITED)).toEqual(full(0, 2));
      expect((await t.store.counts()).jobs.queued).toBe(0);
      const small = newBatch(jobs.slice(0, 2));
      expect(await t.store.submitBatch(small, UNLIMITED)).toEqual(ACCEPTED);
      const known = limited(TWO_WAIT, "", { idempotency: { key: "k", fingerprint: "a" } });
      expect(await t.store.submitBatch(newBatch([known]), UNLIMITED)).toEqual(full(2, 2));
      expect(await t.store.submitBatch(newBatch([newJob()]), UNLIMITED)).toEqual(ACCEPTED);
    });

    test("stores nothing of a schedule's slot while it is full", async () => {
      await save(t.store, "a");
      await offer(TWO_WAIT);
      await offer(TWO_WAIT);
      const run = runAt(1_000, { make: { kind: "job", job: limited(TWO_WAIT) } });
      expect(await fire(t.store, "a", { run })).toEqual(full(2, 2));
      expect(await states(t.store, "a")).toEqual([]);
    });

    test("is overridden, also where no plugin declares it, until that is removed", async () => {
      await offer(ONE);
      await t.store.overrideLimit("site", { maxQueued: 3 }, BY);
      expect(await t.store.limit("site")).toMatchObject({
        numbers: { concurrency: 1, maxQueued: 3 },
        override: { maxQueued: 3 },
      });
      const jobs = [1, 2, 3].map(() => limited(ONE));
      const outcomes = await Promise.all(jobs.map((job) => t.store.submitJob(job, UNLIMITED)));
      expect(outcomes).toEqual([ACCEPTED, ACCEPTED, full(3, 3)]);
      await t.store.overrideLimit("site", null, BY);
      expect(await offer(ONE)).toEqual(ACCEPTED);
      await t.store.declareLimits([{ ...ONE, maxQueued: 4 }]);
      expect(await t.store.limit("site")).toMatchObject({ declared: { maxQueued: 4 } });
      expect(await offer(ONE)).toEqual(full(4, 4));
    });
  });
}

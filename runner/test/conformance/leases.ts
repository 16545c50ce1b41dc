/** How a claim of a job ends without a result: it is released, or its lease expires. */
import { describe, expect, test } from "vitest";
import { DAEMON } from "../support/daemon-identity.ts";
import {
  beatAt,
  beginning,
  claim,
  claimOf,
  claimOne,
  complete,
  completeNext,
  LEASE_MS,
  submit,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const UNCOUNTED = { countsAttempt: false };

export function leaseConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  describe("releaseJobs", () => {
    test("puts a job back at its place in the queue, without counting an attempt", async () => {
      const first = await submit(t.store);
      await submit(t.store);
      const job = await claimOne(t.store);
      await t.store.releaseJobs([claimOf(job)], UNCOUNTED);
      expect(await t.store.job(first.id)).toMatchObject({ status: "queued", stepAttempts: 0 });
      const again = await claimOne(t.store);
      expect(again).toMatchObject({ id: first.id, stepAttempts: 1 });
    });

    test("counts the attempt if its result was lost", async () => {
      const { id } = await submit(t.store);
      await t.store.releaseJobs([claimOf(await claimOne(t.store))], { countsAttempt: true });
      expect(await t.store.job(id)).toMatchObject({ status: "queued", stepAttempts: 1 });
      expect(await claimOne(t.store)).toMatchObject({ id, stepAttempts: 2 });
    });

    test("releases several jobs in one call", async () => {
      for (let i = 0; i < 3; i += 1) await submit(t.store);
      await t.store.releaseJobs((await claim(t.store)).map(claimOf), UNCOUNTED);
      expect((await t.store.counts()).jobs).toMatchObject({ queued: 3, running: 0 });
    });

    test("ends the claim", async () => {
      await submit(t.store);
      const job = await claimOne(t.store);
      await t.store.releaseJobs([claimOf(job)], UNCOUNTED);
      expect(await t.store.commitTransition(claimOf(job), beginning(job))).toBe(false);
    });

    test("does not release a job that was claimed again since", async () => {
      await submit(t.store);
      const stale = await claimOne(t.store, { now: 10 });
      await t.store.reap({ owner: "owner_2", now: 10 + LEASE_MS + 1 });
      const held = await claimOne(t.store, { now: 5_000 });
      await t.store.releaseJobs([claimOf(stale)], UNCOUNTED);
      expect(await t.store.job(held.id)).toMatchObject({ status: "running", fence: held.fence });
    });

    test("does not release a job that has ended", async () => {
      const job = await complete(t.store);
      await t.store.releaseJobs([claimOf(job)], UNCOUNTED);
      expect((await t.store.job(job.id))?.status).toBe("completed");
    });
  });

  describe("renewLeases and reap", () => {
    const NOTHING_LOST = { jobs: [], deliveries: [] };
    const lapsed = 10 + LEASE_MS + 1;

    test("a lease that is not renewed expires, and a renewed one does not", async () => {
      await submit(t.store);
      await submit(t.store);
      const [kept, lost] = await claim(t.store, { now: 10 });
      if (kept === undefined || lost === undefined) throw new Error("Two jobs must be claimed.");
      const claims = { jobs: [claimOf(kept)], deliveries: [] };
      expect(await t.store.renewLeases(claims, { leaseUntil: lapsed })).toEqual(NOTHING_LOST);
      expect(await t.store.reap({ owner: "owner_1", now: lapsed })).toBe(1);
      expect((await t.store.job(kept.id))?.status).toBe("running");
      expect((await t.store.job(lost.id))?.status).toBe("queued");
    });

    test("a lease that ends exactly now has not expired", async () => {
      await submit(t.store);
      await claim(t.store, { now: 10 });
      expect(await t.store.reap({ owner: "owner_1", now: 10 + LEASE_MS })).toBe(0);
    });

    test("a stale claim does not renew a lease", async () => {
      await submit(t.store);
      const stale = await claimOne(t.store, { now: 10 });
      await t.store.reap({ owner: "owner_2", now: lapsed });
      await claimOne(t.store, { now: 10 });
      const claims = { jobs: [claimOf(stale)], deliveries: [] };
      expect(await t.store.renewLeases(claims, { leaseUntil: 1_000_000 })).toEqual(claims);
      expect(await t.store.reap({ owner: "owner_1", now: lapsed })).toBe(1);
    });

    test("the interrupted step of a reaped job counts as an attempt", async () => {
      await submit(t.store);
      await claimOne(t.store, { now: 10 });
      await t.store.reap({ owner: "owner_2", now: lapsed });
      expect((await claimOne(t.store, { now: 10 })).stepAttempts).toBe(2);
    });

    test("the previous owner of a reaped job cannot change it", async () => {
      await submit(t.store);
      const job = await claimOne(t.store, { now: 10 });
      await t.store.reap({ owner: "owner_2", now: lapsed });
      expect(await t.store.commitTransition(claimOf(job), beginning(job))).toBe(false);
      expect((await t.store.job(job.id))?.status).toBe("queued");
    });

    test("another owner's valid leases are reaped only if one daemon has the data", async () => {
      await submit(t.store);
      await claim(t.store, { now: 10, owner: "owner_1" });
      expect(await t.store.reap({ owner: "owner_2", now: 10 })).toBe(t.exclusive ? 1 : 0);
    });

    test("the leases of a daemon that was silent for too long are reaped, and it is forgotten", async () => {
      await t.store.beat(beatAt(10, { owner: "owner_1", until: 40, plugins: ["first"] }));
      await submit(t.store);
      await claimOne(t.store, { now: 10 });
      const beat = (now: number) =>
        t.store.beat(beatAt(now, { owner: "owner_2", until: now + 30 }));
      expect(await beat(40)).toEqual(["first"]);
      expect(await t.store.reap({ owner: "owner_2", now: 40 })).toBe(t.exclusive ? 1 : 0);
      expect(await t.store.reap({ owner: "owner_2", now: 41 })).toBe(t.exclusive ? 0 : 1);
      expect(await beat(30)).toEqual([]);
    });

    test("the daemons are listed, each with what it last said, until they are forgotten", async () => {
      const older = { ...DAEMON, host: "older", startedAt: 0 };
      await t.store.beat(beatAt(10, { owner: "owner_1", until: 20, plugins: ["first"] }));
      await t.store.beat(beatAt(11, { owner: "owner_2", until: 40, identity: older }));
      await t.store.beat(beatAt(12, { owner: "owner_1", until: 30, plugins: ["second"] }));
      const first = { ...DAEMON, owner: "owner_1", until: 30, plugins: ["second"] };
      const second = { ...older, owner: "owner_2", until: 40, plugins: [] };
      expect(await t.store.daemons()).toEqual([first, second]);
      await t.store.reap({ owner: "owner_2", now: 31 });
      expect(await t.store.daemons()).toEqual([second]);
    });

    test("a daemon does not reap its own leases because its beat is late", async () => {
      await t.store.beat(beatAt(10, { until: 40 }));
      await submit(t.store);
      await claimOne(t.store, { now: 10 });
      expect(await t.store.reap({ owner: "owner_1", now: 100 })).toBe(0);
    });

    test("the owner's valid leases, queued jobs and ended jobs are not reaped", async () => {
      for (let i = 0; i < 3; i += 1) await submit(t.store);
      await completeNext(t.store);
      await claimOne(t.store);
      expect(await t.store.reap({ owner: "owner_1", now: 10 })).toBe(0);
      expect((await t.store.counts()).jobs).toMatchObject({ queued: 1, running: 1, completed: 1 });
    });
  });
}

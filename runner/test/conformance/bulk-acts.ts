import { describe, expect, test } from "vitest";
import type { NewBulkAct } from "../../src/ports/store/bulk-acts.ts";
import { beatAt, FIRST_PAGE } from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function bulkActConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  describe("bulk acts", () => {
    const act: NewBulkAct = {
      id: "bulk_1",
      act: "retry",
      dryRun: false,
      by: "console",
      filter: { status: ["failed"], createdBefore: 90 },
      phase: "counting",
      cursor: null,
      pending: [],
      matched: 0,
      createdAt: 80,
    };
    const nothing = { done: 0, skipped: 0, failed: 0, errors: [] };
    const error = { jobId: "job_1", code: "JOB_NOT_RETRYABLE", message: "m" };
    const progress = {
      phase: "acting" as const,
      cursor: "c",
      pending: ["job_2"],
      matched: 9,
      done: 3,
      skipped: 1,
      failed: 0,
      errors: [error],
    };

    const running = { ...progress, state: "running" as const, endedAt: null };
    const own = { owner: "owner_1", leaseUntil: 100 };
    const others = { owner: "owner_2", leaseUntil: 200 };

    async function claimed(): Promise<void> {
      await t.store.createBulkAct(act, { maxRunning: 1 });
      expect(await t.store.claimBulkAct("bulk_1", own)).not.toBeNull();
    }

    test("are stored with their progress, also after the store was reopened", async () => {
      expect(await t.store.createBulkAct(act, { maxRunning: 1 })).toBe(true);
      const stored = { ...act, ...nothing, state: "running", endedAt: null, owner: null };
      expect(await t.store.runningBulkActs()).toEqual([stored]);
      const mine = { ...stored, owner: "owner_1" };
      expect(await t.store.claimBulkAct("bulk_1", own)).toEqual(mine);
      expect(await t.store.saveBulkAct("bulk_1", { ...running, ...own })).toBe("running");
      await t.reopen();
      expect(await t.store.bulkAct("bulk_1")).toEqual({ ...mine, ...progress });
      const over = { ...progress, ...own, state: "done" as const, endedAt: 99 };
      expect(await t.store.saveBulkAct("bulk_1", over)).toBe("done");
      expect(await t.store.runningBulkActs()).toEqual([]);
      expect(await t.store.bulkAct("bulk_1")).toMatchObject({ state: "done", endedAt: 99 });
      expect(await t.store.bulkAct("bulk_2")).toBeNull();
      expect(await t.store.saveBulkAct("bulk_2", over)).toBeNull();
    });

    test("are claimed by one daemon, and changed by no other", async () => {
      await t.store.createBulkAct(act, { maxRunning: 1 });
      const claims = [own, others].map((lease) => t.store.claimBulkAct("bulk_1", lease));
      const [first, second] = await Promise.all(claims);
      expect([first?.owner, second]).toEqual(["owner_1", null]);
      expect(await t.store.claimBulkAct("bulk_2", own)).toBeNull();
      expect(await t.store.saveBulkAct("bulk_1", { ...running, ...others })).toBeNull();
      expect(await t.store.bulkAct("bulk_1")).toMatchObject({ ...nothing, owner: "owner_1" });
    });

    test("can be claimed again when their lease has expired, which each progress extends", async () => {
      await claimed();
      await t.store.saveBulkAct("bulk_1", { ...running, ...own, leaseUntil: 150 });
      await t.store.reap({ owner: "owner_1", now: 150 });
      expect(await t.store.claimBulkAct("bulk_1", others)).toBeNull();
      await t.store.reap({ owner: "owner_1", now: 151 });
      expect(await t.store.claimBulkAct("bulk_1", others)).toMatchObject(progress);
      expect(await t.store.saveBulkAct("bulk_1", { ...running, ...own })).toBeNull();
    });

    test("can be claimed again when their daemon has stopped", async () => {
      await t.store.beat(beatAt(10, { owner: "owner_1", until: 40 }));
      await claimed();
      await t.store.reap({ owner: "owner_2", now: 41 });
      expect(await t.store.claimBulkAct("bulk_1", others)).toMatchObject({ owner: "owner_2" });
    });

    test("that have ended cannot be claimed", async () => {
      await t.store.createBulkAct(act, { maxRunning: 1 });
      await t.store.abortBulkAct("bulk_1", { now: 95 });
      expect(await t.store.claimBulkAct("bulk_1", own)).toBeNull();
    });

    test("are refused while the limit runs", async () => {
      await t.store.createBulkAct(act, { maxRunning: 1 });
      const second = { ...act, id: "bulk_2" };
      expect(await t.store.createBulkAct(second, { maxRunning: 1 })).toBe(false);
      expect(await t.store.bulkAct("bulk_2")).toBeNull();
      await t.store.abortBulkAct("bulk_1", { now: 95 });
      expect(await t.store.createBulkAct(second, { maxRunning: 1 })).toBe(true);
    });

    test("stay aborted, and keep the counts of the slice that was under way", async () => {
      await claimed();
      expect(await t.store.abortBulkAct("bulk_1", { now: 95 })).toBe(true);
      expect(await t.store.abortBulkAct("bulk_1", { now: 96 })).toBe(false);
      expect(await t.store.abortBulkAct("bulk_2", { now: 96 })).toBe(false);
      expect(await t.store.saveBulkAct("bulk_1", { ...running, ...own })).toBe("aborted");
      expect(await t.store.bulkAct("bulk_1")).toMatchObject({
        state: "aborted",
        endedAt: 95,
        done: 3,
      });
    });

    test("are listed newest first, and pruned once they ended before the instant", async () => {
      for (const id of ["bulk_1", "bulk_2", "bulk_3"]) {
        await t.store.createBulkAct({ ...act, id }, { maxRunning: 9 });
      }
      await t.store.abortBulkAct("bulk_1", { now: 95 });
      await t.store.abortBulkAct("bulk_2", { now: 100 });
      const first = await t.store.bulkActs({ limit: 2, cursor: null });
      expect(first.items.map(({ id }) => id)).toEqual(["bulk_3", "bulk_2"]);
      const second = await t.store.bulkActs({ limit: 2, cursor: first.nextCursor });
      expect(second.items.map(({ id }) => id)).toEqual(["bulk_1"]);
      expect(second.nextCursor).toBeNull();
      expect(await t.store.pruneBulkActs({ endedBefore: 100, limit: 10 })).toBe(1);
      const left = (await t.store.bulkActs(FIRST_PAGE)).items.map(({ id }) => id);
      expect(left).toEqual(["bulk_3", "bulk_2"]);
    });
  });
}

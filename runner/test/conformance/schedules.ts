import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CANCELLED, fail } from "../../src/domain/job.ts";
import { KEPT_SLOTS } from "../../src/domain/schedule.ts";
import type { Store } from "../../src/ports/store/store.ts";
import {
  claim,
  claimOf,
  claimOne,
  completeAll,
  completeNext,
  failIt,
  FIRST_PAGE,
  newJob,
  start,
} from "./given.ts";
import {
  advanceTo,
  fire,
  MAX,
  newSchedule,
  placeOf,
  read,
  runAt,
  save,
  slotAt,
  slotsOf,
  states,
} from "./given-schedules.ts";
import { useStore, type CreateSubject, type Subject } from "./subject.ts";

const LATE = { state: "missed", reason: "late", detail: "It was late." } as const;

export function scheduleConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  async function failNext(): Promise<void> {
    await failIt(t.store, await start(t.store, await claimOne(t.store, { now: 1e9 })));
  }

  test("a schedule is stored once for its key, and replaced only as it was read", async () => {
    const created = newSchedule("a");
    const fresh = { from: null, passed: [], now: 1, ...MAX };
    expect(await t.store.saveSchedule(created, fresh)).toBe("created");
    expect(await t.store.saveSchedule(newSchedule("a", {}, { id: "sch_other" }), fresh)).toBe(
      "stale",
    );
    await t.reopen();
    const first = await read(t.store, "a");
    expect(first).toMatchObject({ ...created, state: "active", version: 1, failures: 0 });
    const changed = newSchedule("a", { overlap: "allow" }, { next: slotAt(5_000) });
    const from = placeOf(first);
    const passed = [{ ...slotAt(1_000), ...LATE }];
    expect(await t.store.saveSchedule(changed, { ...fresh, from, passed, now: 2 })).toBe("changed");
    expect(await t.store.saveSchedule(changed, { ...fresh, from, now: 3 })).toBe("stale");
    const second = await read(t.store, "a");
    expect(second).toMatchObject({ version: 2, next: slotAt(5_000), updatedAt: 2, createdAt: 1 });
    expect(second.definition.overlap).toBe("allow");
    expect(await states(t.store, "a")).toEqual(["1000 missed"]);
  });

  test("schedules are listed in pages, and no more are stored than the limit", async () => {
    for (const key of ["a", "b", "c"]) await save(t.store, key);
    const fourth = { from: null, passed: [], now: 1, maxSchedules: 3 };
    expect(await t.store.saveSchedule(newSchedule("d"), fourth)).toBe("limit");
    const one = await t.store.schedules({ limit: 2, cursor: null });
    const two = await t.store.schedules({ limit: 2, cursor: one.nextCursor });
    expect([...one.items, ...two.items].map(({ key }) => key)).toEqual(["a", "b", "c"]);
    expect(two.nextCursor).toBeNull();
  });

  test("schedules are counted by state", async () => {
    await save(t.store, "a");
    await save(t.store, "b");
    await save(t.store, "c");
    const pause = { state: "paused", passed: [], next: null, now: 2 } as const;
    await t.store.setScheduleState(placeOf(await read(t.store, "b")), pause);
    await fire(t.store, "c", { next: null });
    expect((await t.store.counts()).schedules).toEqual({ active: 1, paused: 1, ended: 1 });
  });

  test("a slot gets its job in one change, and the job knows the slot and the one before it", async () => {
    await save(t.store, "a", { overlap: "allow" });
    const job = newJob({ id: "job_x", createdAt: 1_003, runAt: 1_003 });
    const run = runAt(1_000, { make: { kind: "job", job } });
    expect(await fire(t.store, "a", { run, now: 1_003 })).toEqual({
      kind: "advanced",
      slot: "fired",
      jobId: "job_x",
      isPaused: false,
    });
    await fire(t.store, "a");
    const [first, second] = await slotsOf(t.store, "a");
    expect(first).toMatchObject({
      slot: 1_000,
      state: "fired",
      jobId: "job_x",
      job: "open",
      decidedAt: 1_003,
    });
    const known = { id: "sch_a", key: "a" };
    const stored = await t.store.job("job_x");
    expect(stored?.spec.schedule).toEqual({ ...known, slot: 1_000, previousSlot: null });
    const next = await t.store.job(second?.jobId ?? "");
    expect(next?.spec.schedule).toEqual({ ...known, slot: 2_000, previousSlot: 1_000 });
    expect((await claimOne(t.store, { now: 5_000 })).schedule).toEqual(stored?.spec.schedule);
    expect(await read(t.store, "a")).toMatchObject({
      next: slotAt(3_000),
      decidedSlot: 2_000,
      firedSlot: 2_000,
    });
  });

  test("a slot that was decided from what is no longer so is not stored", async () => {
    const before = await save(t.store, "a");
    await t.store.advanceSchedule(placeOf(before), advanceTo(1_000));
    const again = await t.store.advanceSchedule(placeOf(before), advanceTo(1_000));
    expect(again).toEqual({ kind: "stale" });
    const other = { ...placeOf(await read(t.store, "a")), version: 7 };
    expect(await t.store.advanceSchedule(other, advanceTo(2_000))).toEqual({ kind: "stale" });
    expect((await t.store.counts()).jobs.queued).toBe(1);
  });

  test("a slot that was fired gets no second job when it comes again, and one that was missed does", async () => {
    await save(t.store, "a", { overlap: "allow" });
    await fire(t.store, "a");
    const missed = [{ ...slotAt(2_000), ...LATE }];
    await fire(t.store, "a", { passed: missed, run: runAt(3_000), next: slotAt(4_000) });
    // The clock was set back.
    await fire(t.store, "a", { run: null, next: slotAt(1_000) });
    expect((await read(t.store, "a")).decidedSlot).toBeNull();
    expect(await fire(t.store, "a")).toMatchObject({ slot: null, jobId: null });
    expect(await fire(t.store, "a")).toMatchObject({ slot: "fired" });
    expect(await fire(t.store, "a")).toMatchObject({ slot: null });
    expect(await states(t.store, "a")).toEqual(["1000 fired", "3000 fired", "2000 fired"]);
    expect((await t.store.counts()).jobs.queued).toBe(3);
  });

  test("after the clock was set back, a change, a pause and a resume let the slots come again", async () => {
    const now = 500;
    for (const change of ["changed", "paused", "active"] as const) {
      await save(t.store, change);
      await fire(t.store, change, { next: slotAt(9_000) });
      const from = placeOf(await read(t.store, change));
      const next = slotAt(600);
      if (change === "changed") {
        const schedule = newSchedule(change, {}, { id: from.id, next });
        await t.store.saveSchedule(schedule, { from, passed: [], now, ...MAX });
      } else {
        await t.store.setScheduleState(from, { state: change, passed: [], next, now });
      }
      expect(await read(t.store, change)).toMatchObject({ next, decidedSlot: null });
    }
    expect(await t.store.schedulesToDecide({ now, limit: 10 })).toEqual([]);
  });

  test("when the queue is full or a file is gone, nothing is stored", async () => {
    await save(t.store, "a");
    expect(await fire(t.store, "a", { maxQueued: 0 })).toEqual({ kind: "queue-full", queued: 0 });
    const { make } = runAt(1_000);
    if (make.kind !== "job") throw new Error("It has a job.");
    const job = { ...make.job, files: ["file_gone"] };
    const run = runAt(1_000, { make: { kind: "job", job } });
    expect(await fire(t.store, "a", { run })).toEqual({ kind: "no-file", id: "file_gone" });
    expect(await states(t.store, "a")).toEqual([]);
    expect((await read(t.store, "a")).next).toEqual(slotAt(1_000));
  });

  test("while a job has not ended, slots are skipped, or one waits, or none does", async () => {
    for (const overlap of ["skip", "buffer-one", "allow", "cancel-running"] as const) {
      await save(t.store, overlap, { overlap });
      for (let count = 0; count < 3; count += 1) await fire(t.store, overlap);
    }
    expect(await states(t.store, "skip")).toEqual(["1000 fired", "2000 skipped", "3000 skipped"]);
    expect(await states(t.store, "buffer-one")).toEqual([
      "1000 fired",
      "2000 buffered",
      "3000 skipped",
    ]);
    const all = ["1000 fired", "2000 fired", "3000 fired"];
    expect(await states(t.store, "allow")).toEqual(all);
    expect(await states(t.store, "cancel-running")).toEqual(all);
    const [, skipped] = await slotsOf(t.store, "skip");
    expect(skipped).toMatchObject({ reason: "overlap", jobId: null, job: null });
    expect(skipped?.detail).toMatch(/^job_\d+ had not ended\.$/);
  });

  test("the slot that waits gets its job when the one before it has ended", async () => {
    await save(t.store, "a", { overlap: "buffer-one" });
    await fire(t.store, "a");
    await fire(t.store, "a");
    const due = { now: 2_500, limit: 10 };
    expect(await t.store.schedulesToDecide(due)).toEqual([]);
    await completeNext(t.store, 2_400);
    const [schedule] = await t.store.schedulesToDecide(due);
    expect(schedule).toMatchObject({ key: "a", bufferedSlot: 2_000 });
    const run = runAt(2_000, { trigger: "buffer" });
    const advance = { run, next: slotAt(3_000), now: 2_500 };
    expect(await fire(t.store, "a", advance)).toMatchObject({ slot: "fired" });
    expect(await fire(t.store, "a", advance)).toEqual({ kind: "stale" });
    expect(await states(t.store, "a")).toEqual(["1000 fired", "2000 fired"]);
    expect(await read(t.store, "a")).toMatchObject({ bufferedSlot: null, firedSlot: 2_000 });
  });

  test("a run that a person asks for is refused while a job has not ended, and takes no slot", async () => {
    const schedule = await save(t.store, "a");
    const runManually = (slot: number): Promise<unknown> =>
      fire(t.store, "a", {
        run: runAt(slot, { trigger: "manual" }),
        next: schedule.next,
        now: slot,
      });
    expect(await runManually(900)).toMatchObject({ slot: "fired" });
    expect(await runManually(901)).toMatchObject({ kind: "busy" });
    // Another request has taken the instant.
    expect(await runManually(900)).toEqual({ kind: "stale" });
    const after = await read(t.store, "a");
    expect(after).toMatchObject({ next: slotAt(1_000), decidedSlot: null, firedSlot: null });
    await completeNext(t.store, 1_000);
    expect(await fire(t.store, "a")).toMatchObject({ slot: "fired" });
    expect((await slotsOf(t.store, "a")).map(({ isManual }) => isManual)).toEqual([true, false]);
  });

  test("the slot shows how its job ended, also after the job was retried or deleted", async () => {
    await save(t.store, "a", { overlap: "allow" });
    await fire(t.store, "a");
    const job = async () => (await slotsOf(t.store, "a"))[0];
    const id = (await job())?.jobId ?? "";
    expect(await t.store.openScheduleJobs("sch_a", { limit: 5 })).toEqual([
      { jobId: id, slot: 1_000 },
    ]);
    await failNext();
    expect((await job())?.job).toBe("failed");
    const failed = await t.store.jobState(id);
    await t.store.requeueJob({ jobId: id, fence: failed?.fence ?? 0, owner: null }, { now: 50 });
    expect((await job())?.job).toBe("open");
    const again = await claimOne(t.store, { now: 1e9 });
    await failIt(t.store, again);
    await t.store.deleteJob(id);
    expect(await job()).toMatchObject({ job: "failed", jobId: id });
    expect(await t.store.openScheduleJobs("sch_a", { limit: 5 })).toEqual([]);
  });

  test("failures in a row pause a schedule with the reason, and a job that completes ends the row", async () => {
    await save(t.store, "a", { overlap: "allow", pauseOnFailures: 2 });
    for (const end of [failNext, () => completeNext(t.store, 1), failNext]) {
      await fire(t.store, "a");
      await end();
    }
    expect(await read(t.store, "a")).toMatchObject({ state: "active", failures: 1 });
    await fire(t.store, "a");
    await failNext();
    const paused = await read(t.store, "a");
    expect(paused).toMatchObject({ state: "paused", pausedBy: "failures", pausedAt: 30 });
    expect(paused.reason).toMatch(/^2 jobs in a row failed .*PLUGIN_THREW: It did not work\.$/);
    expect(await t.store.failingSchedules({ limit: 5 })).toEqual([paused]);
    const change = { state: "active", passed: [], next: slotAt(9_000), now: 40 } as const;
    expect(await t.store.setScheduleState(placeOf(paused), change)).toBe(true);
    expect(await read(t.store, "a")).toMatchObject({
      state: "active",
      pausedBy: null,
      reason: null,
      pausedAt: null,
      failures: 0,
      next: slotAt(9_000),
    });
    expect(await t.store.failingSchedules({ limit: 5 })).toEqual([]);
  });

  test("a job that was cancelled is no failure, and a slot that was refused is one", async () => {
    await save(t.store, "a", { overlap: "allow", pauseOnFailures: 1 });
    await fire(t.store, "a");
    const job = await start(t.store, await claimOne(t.store, { now: 1e9 }));
    const end = { completedCount: 0, failure: CANCELLED, at: 5, attempts: 0 };
    await t.store.commitTransition(claimOf(job), fail(job, end, { jobUrl: "" }));
    expect(await read(t.store, "a")).toMatchObject({ state: "active", failures: 0 });
    const make = { kind: "refused", code: "PLUGIN_NOT_FOUND", message: "It is gone." } as const;
    expect(await fire(t.store, "a", { run: runAt(2_000, { make }) })).toEqual({
      kind: "advanced",
      slot: "refused",
      jobId: null,
      isPaused: true,
    });
    expect(await read(t.store, "a")).toMatchObject({ state: "paused", failures: 1 });
    expect((await slotsOf(t.store, "a")).at(-1)).toMatchObject({
      state: "refused",
      reason: "PLUGIN_NOT_FOUND",
      detail: "It is gone.",
    });
  });

  test("a slot that waits is skipped when the schedule is paused", async () => {
    await save(t.store, "a", { overlap: "buffer-one" });
    await fire(t.store, "a");
    await fire(t.store, "a");
    const from = placeOf(await read(t.store, "a"));
    const change = { state: "paused", passed: [], next: slotAt(3_000), now: 2_500 } as const;
    expect(await t.store.setScheduleState(from, change)).toBe(true);
    expect(await t.store.setScheduleState(from, change)).toBe(false);
    expect((await slotsOf(t.store, "a")).at(-1)).toMatchObject({
      state: "skipped",
      reason: "paused",
    });
    expect(await read(t.store, "a")).toMatchObject({ bufferedSlot: null, pausedBy: "request" });
  });

  test("each of 1,001 slots gets a job of its own, although the rows of older ones are deleted", async () => {
    await save(t.store, "a", { overlap: "allow" });
    const jobs = new Set<string | null>();
    for (let count = 1; count <= 1_001; count += 1) {
      const outcome = await fire(t.store, "a");
      expect(outcome).toMatchObject({ kind: "advanced", slot: "fired" });
      if (outcome.kind === "advanced") jobs.add(outcome.jobId);
      if (count % 100 !== 0) continue;
      const claimed = await claim(t.store, { now: count * 1_000 });
      await Promise.all(claimed.map((job) => completeAll(t.store, job, count * 1_000)));
    }
    expect(jobs.size).toBe(1_001);
    expect((await slotsOf(t.store, "a")).map(({ slot }) => slot)).toEqual(
      Array.from({ length: KEPT_SLOTS }, (_, index) => (1_001 - KEPT_SLOTS + index + 1) * 1_000),
    );
  });

  test("only the newest slots are kept, and those whose job has not ended", async () => {
    await save(t.store, "a", { overlap: "allow" });
    await fire(t.store, "a");
    for (let from = 2_000; from < 300_000; from += 100_000) {
      const passed = Array.from({ length: 100 }, (_, at) => ({
        ...slotAt(from + at * 1_000),
        ...LATE,
      }));
      await fire(t.store, "a", { passed, run: null, next: slotAt(from + 100_000) });
    }
    const kept = await slotsOf(t.store, "a");
    expect(kept).toHaveLength(KEPT_SLOTS + 1);
    expect(kept[0]).toMatchObject({ slot: 1_000, job: "open" });
    expect(kept[1]).toMatchObject({ slot: 102_000 });
    // A slot whose row is deleted gets no second job when the clock is set back.
    await fire(t.store, "a", { run: null, next: slotAt(50_000) });
    expect(await fire(t.store, "a")).toMatchObject({ slot: "skipped", jobId: null });
    expect((await slotsOf(t.store, "a")).at(-1)).toMatchObject({
      slot: 50_000,
      reason: "clock-set-back",
    });
  });

  test("tells which schedules have something to decide, and when the next one has", async () => {
    expect(await t.store.nextScheduleDue()).toBeNull();
    await save(t.store, "a");
    const b = newSchedule("b", {}, { next: slotAt(500) });
    await t.store.saveSchedule(b, { from: null, passed: [], now: 1, ...MAX });
    expect(await t.store.nextScheduleDue()).toBe(500);
    const keysAt = async (now: number) =>
      (await t.store.schedulesToDecide({ now, limit: 10 })).map(({ key }) => key).toSorted();
    expect(await keysAt(499)).toEqual([]);
    expect(await keysAt(500)).toEqual(["b"]);
    expect(await keysAt(1_000)).toEqual(["a", "b"]);
    await fire(t.store, "b", { next: null });
    // Before what was decided: the clock was set back.
    expect(await keysAt(499)).toEqual(["b"]);
    expect(await t.store.schedulesToDecide({ now: 5_000, limit: 1 })).toHaveLength(1);
  });

  test("a schedule that is removed leaves its jobs, whose end then changes nothing else", async () => {
    await save(t.store, "a", { pauseOnFailures: 1 });
    await fire(t.store, "a");
    expect(await t.store.removeSchedule("a")).toBe(true);
    expect(await t.store.removeSchedule("a")).toBe(false);
    expect(await t.store.schedule("a")).toBeNull();
    expect((await t.store.scheduleSlots("sch_a", FIRST_PAGE)).items).toEqual([]);
    await failNext();
    expect((await t.store.counts()).jobs).toMatchObject({ failed: 1, queued: 0 });
    await save(t.store, "a");
  });
}

/** Two daemons have the schedules open. */
export function scheduleRaceConformance(createSubject: CreateSubject): void {
  let subject: Subject;
  let stores: readonly [Store, Store];
  beforeEach(async () => {
    subject = await createSubject();
    stores = [await subject.open(), await subject.open()];
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    await subject.remove();
  });

  describe("two daemons", () => {
    test("that decide the same slot at the same time make one job of it", async () => {
      await save(stores[0], "a", { overlap: "allow" });
      for (let slot = 1_000; slot <= 20_000; slot += 1_000) {
        const from = placeOf(await read(stores[0], "a"));
        const outcomes = await Promise.all(
          [...stores, ...stores].map((store) => store.advanceSchedule(from, advanceTo(slot))),
        );
        const kinds = outcomes.map(({ kind }) => kind).toSorted();
        expect(kinds).toEqual(["advanced", "stale", "stale", "stale"]);
      }
      expect((await stores[1].counts()).jobs.queued).toBe(20);
    });

    test("that end jobs of one schedule at the same time count every failure", async () => {
      await save(stores[0], "a", { overlap: "allow", pauseOnFailures: 8 });
      for (let count = 0; count < 8; count += 1) await fire(stores[0], "a");
      const jobs = [];
      for (let count = 0; count < 8; count += 1) {
        jobs.push(await start(stores[0], await claimOne(stores[0], { now: 1e9 })));
      }
      await Promise.all(jobs.map((job, at) => failIt(stores[at % 2] ?? stores[0], job)));
      expect(await read(stores[1], "a")).toMatchObject({ failures: 8, state: "paused" });
    });

    test("of which one decides a slot and the other ends the job before it agree on the overlap", async () => {
      await save(stores[0], "a", { overlap: "buffer-one" });
      for (let round = 0; round < 10; round += 1) {
        await fire(stores[0], "a");
        const job = await start(stores[1], await claimOne(stores[1], { now: 1e9 }));
        await Promise.all([failIt(stores[1], job), fire(stores[0], "a")]);
        const { bufferedSlot, next } = await read(stores[0], "a");
        if (bufferedSlot === null) {
          await failIt(stores[1], await start(stores[1], await claimOne(stores[1], { now: 1e9 })));
          continue;
        }
        const run = runAt(bufferedSlot, { trigger: "buffer" });
        expect(await fire(stores[0], "a", { run, next })).toMatchObject({ slot: "fired" });
        await failIt(stores[1], await start(stores[1], await claimOne(stores[1], { now: 1e9 })));
      }
      expect((await stores[0].counts()).jobs).toMatchObject({ failed: 20, queued: 0 });
    });
  });
}

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PassedSlot } from "../../domain/schedule-plan.ts";
import {
  at,
  completes,
  createScheduleWorld,
  every,
  HOUR,
  JOB,
  MINUTE,
  refusalOf,
  SECOND,
  START,
  type ScheduleWorld,
} from "../../../test/support/schedule-world.ts";

let world: ScheduleWorld;
beforeEach(async () => {
  world = await createScheduleWorld();
});
afterEach(() => world.close());

describe("a schedule", () => {
  test("makes a job at each slot, at its instant, and of no other instant", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(3 * SECOND), null);
    await world.runUntil(START + 10 * SECOND);
    expect(await world.slots()).toEqual(["0:03 fired", "0:06 fired", "0:09 fired"]);
    // To the millisecond: the loop slept until the slot and not until its backstop.
    for (const { slot, decidedAt } of await world.rows()) expect(decidedAt).toBe(slot);
    expect((await world.rows()).map(({ job }) => job)).toEqual([
      "completed",
      "completed",
      "completed",
    ]);
  });

  test("that is created or changed wakes the loop, which sleeps until a later slot of another", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(HOUR, { key: "slow" }), null);
    await world.runUntil(START + 100);
    await engine.schedules.save(every(2 * SECOND, { startAt: START + 1_100 }), null);
    await world.runUntil(START + 1_200);
    expect((await world.rows())[0]).toMatchObject({ decidedAt: START + 1_100 });
    await engine.schedules.save(every(HOUR, { startAt: START + 2_500 }), null);
    await world.runUntil(START + 10_000);
    expect((await world.rows()).map(({ decidedAt }) => decidedAt - START)).toEqual([1_100, 2_500]);
  });

  test("with cron follows its time zone, and with at has one slot", async () => {
    const { engine } = await world.startEngine(completes);
    const cron = { key: "a", cron: "0 11 * * *", timezone: "Europe/Berlin", job: JOB };
    await engine.schedules.save(cron, null);
    await engine.schedules.save({ key: "once", at: START + 5 * SECOND, job: JOB }, null);
    await world.runUntil(START + 31 * MINUTE);
    expect(await world.slots()).toEqual(["30:00 fired"]);
    expect(await world.slots("once")).toEqual(["0:05 fired"]);
    expect(await engine.schedules.get("once")).toMatchObject({ next: null });
  });

  test("tells its jobs the slot and the one before it", async () => {
    const { engine, pool } = await world.startEngine(completes);
    await engine.schedules.save(every(MINUTE), null);
    await world.runUntil(START + 2 * MINUTE);
    const [first, second] = pool.begun.map(({ task }) => task.schedule);
    expect(first).toMatchObject({ key: "a", slot: START + MINUTE, previousSlot: null });
    expect(second).toMatchObject({ slot: START + 2 * MINUTE, previousSlot: START + MINUTE });
    const [event] = await world.store.events((await world.rows())[1]?.jobId ?? "", {
      after: 0,
      limit: 1,
    });
    expect((JSON.parse(event?.body ?? "") as { schedule: object }).schedule).toEqual({
      id: first?.id,
      key: "a",
      slot: "2026-11-23T09:32:00.000Z",
      previousSlot: "2026-11-23T09:31:00.000Z",
    });
  });

  test("spreads its jobs by a jitter that is the same each time, and shows both instants", async () => {
    const { engine } = await world.startEngine(completes);
    const { schedule } = await engine.schedules.save(
      every(MINUTE, { jitterMs: 30 * SECOND }),
      null,
    );
    const next = engine.schedules.next(schedule, 5);
    expect(next.map(({ slot }) => at(slot))).toEqual(["1:00", "2:00", "3:00", "4:00", "5:00"]);
    expect(new Set(next.map(({ slot, dueAt }) => dueAt - slot)).size).toBeGreaterThan(3);
    await world.runUntil(START + 6 * MINUTE - 1);
    const decided = (await world.rows()).map(({ slot, decidedAt }) => ({ slot, dueAt: decidedAt }));
    expect(decided).toEqual(next);
  });

  test("skips, keeps one, or cancels, while its job runs", async () => {
    const { engine, pool } = await world.startEngine({ threads: 4, obeysStop: true });
    for (const overlap of ["skip", "buffer-one", "cancel-running", "allow"] as const) {
      await engine.schedules.save(every(MINUTE, { key: overlap, overlap }), null);
    }
    await world.runUntil(START + 3 * MINUTE);
    expect(await world.slots("skip")).toEqual(["1:00 fired", "2:00 skipped", "3:00 skipped"]);
    expect(await world.slots("buffer-one")).toEqual([
      "1:00 fired",
      "2:00 buffered",
      "3:00 skipped",
    ]);
    expect(await world.slots("allow")).toEqual(["1:00 fired", "2:00 fired", "3:00 fired"]);
    const cancelled = await world.rows("cancel-running");
    expect(cancelled.map(({ job }) => job)).toEqual(["failed", "failed", "open"]);
    const failure = (await world.job(cancelled[0]?.jobId ?? "")).failure;
    expect(failure).toMatchObject({ code: "CANCELLED" });
    // The one that waits begins as soon as the job has ended, without any time.
    const [first] = await world.rows("buffer-one");
    pool.begun.find(({ task }) => task.jobId === first?.jobId)?.complete();
    await world.settle();
    expect(await world.slots("buffer-one")).toEqual(["1:00 fired", "3:00 skipped", "2:00 fired"]);
    expect((await world.rows("buffer-one")).at(-1)).toMatchObject({
      decidedAt: START + 3 * MINUTE,
    });
  });

  test("catches up the newest missed slot, all of them, or none", async () => {
    const first = await world.startEngine(completes);
    for (const catchUp of ["latest", "all", "none"] as const) {
      await first.engine.schedules.save(
        every(MINUTE, { key: catchUp, catchUp, overlap: "allow" }),
        null,
      );
    }
    await world.restartAt(START + 3 * MINUTE + 30 * SECOND, first);
    await world.runUntil(START + 4 * MINUTE);
    expect(await world.slots("latest")).toEqual([
      "1:00 missed",
      "2:00 missed",
      "3:00 caught-up",
      "4:00 fired",
    ]);
    expect(await world.slots("all")).toEqual([
      "1:00 caught-up",
      "2:00 caught-up",
      "3:00 caught-up",
      "4:00 fired",
    ]);
    expect(await world.slots("none")).toEqual([
      "1:00 missed",
      "2:00 missed",
      "3:00 missed",
      "4:00 fired",
    ]);
    expect((await world.rows("none"))[0]?.detail).toContain("catchUp is none");
  });

  test("catches nothing up that is older than its window, and a slot that is on time makes up for the rest", async () => {
    const first = await world.startEngine(completes);
    const fields = { catchUpWindowMs: 30 * SECOND, overlap: "allow" } as const;
    await first.engine.schedules.save(every(MINUTE, fields), null);
    await first.engine.schedules.save(every(MINUTE, { ...fields, key: "on-time" }), null);
    await world.restartAt(START + 2 * MINUTE + 31 * SECOND, first);
    await world.runUntil(START + 2 * MINUTE + 40 * SECOND);
    expect(await world.slots()).toEqual(["1:00 missed", "2:00 missed"]);
    await world.close();
    world = await createScheduleWorld();
    const second = await world.startEngine(completes);
    await second.engine.schedules.save(every(MINUTE, fields), null);
    await world.restartAt(START + 2 * MINUTE + 5 * SECOND, second);
    await world.settle();
    expect(await world.slots()).toEqual(["1:00 missed", "2:00 fired"]);
  });

  test("that missed years takes no time, and gives the missed slots one row together", async () => {
    const first = await world.startEngine(completes);
    await first.engine.schedules.save(every(SECOND), null);
    await first.engine.schedules.save({ key: "cron", cron: "* * * * *", job: JOB }, null);
    const from = performance.now();
    await world.restartAt(START + 3 * 365 * 24 * HOUR + 500, first);
    await world.settle();
    expect(performance.now() - from).toBeLessThan(20_000);
    expect(await world.rows()).toMatchObject([
      { state: "missed", slot: START + SECOND, detail: expect.stringContaining("more than 100") },
      { state: "fired", slot: START + 3 * 365 * 24 * HOUR - 9_000 },
      ...Array.from({ length: 9 }, () => ({})),
    ]);
    expect((await world.rows("cron")).map(({ state }) => state)).toEqual(["missed", "fired"]);
  });

  test("catches up 1,000 of 1,001 missed slots, each once and in order, and says why the oldest has no job", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(SECOND, { catchUp: "all", overlap: "allow" }), null);
    await engine.stop({ graceMs: 0 });
    world.clock.moveTo(START + 1_001.5 * SECOND);
    const passed: PassedSlot[] = [];
    const { pool } = await world.startEngine({
      ...completes,
      intercept: (store) => ({
        ...store,
        advanceSchedule(from, advance) {
          passed.push(...advance.passed);
          return store.advanceSchedule(from, advance);
        },
      }),
    });
    await world.settle();
    const slots = Array.from({ length: 1_000 }, (_, index) => START + (index + 2) * SECOND);
    expect(pool.begun.map(({ task }) => task.schedule?.slot)).toEqual(slots);
    expect(passed).toMatchObject([
      {
        slot: START + SECOND,
        state: "missed",
        reason: "late",
        detail: expect.stringContaining("more than 1000 slots were missed"),
      },
    ]);
  });

  test("that waits for a full queue gets its job when there is room", async () => {
    let isFull = true;
    const { engine } = await world.startEngine({
      ...completes,
      intercept: (store) => ({
        ...store,
        advanceSchedule: (from, advance) =>
          store.advanceSchedule(from, isFull ? { ...advance, maxQueued: 0 } : advance),
      }),
    });
    await engine.schedules.save(every(MINUTE), null);
    await world.runUntil(START + MINUTE + 5 * SECOND);
    expect(await world.slots()).toEqual([]);
    isFull = false;
    await world.runUntil(START + MINUTE + 6 * SECOND);
    expect(await world.slots()).toEqual(["1:00 fired"]);
  });

  test("is refused while too many jobs wait for its limit, and so is a run by request", async () => {
    const limits = { first: { concurrency: 1, maxQueued: 1 } };
    const { engine } = await world.startEngine({ limits });
    await engine.schedules.save(every(MINUTE, { overlap: "allow" }), null);
    // One runs and one waits.
    await world.runUntil(START + 3 * MINUTE);
    expect(await world.slots()).toEqual(["1:00 fired", "2:00 fired", "3:00 refused"]);
    expect((await world.rows()).at(-1)).toMatchObject({
      reason: "LIMIT_QUEUE_FULL",
      detail: expect.stringContaining('limit "first", whose maxQueued is 1'),
    });
    await expect(engine.schedules.run("a", null)).rejects.toMatchObject({
      code: "LIMIT_QUEUE_FULL",
      retryAfterMs: 5_000,
    });
  });

  test("that cannot be decided stops no other", async () => {
    const { engine } = await world.startEngine({
      ...completes,
      intercept: (store) => ({
        ...store,
        async advanceSchedule(from, advance) {
          if (from.id === bad) throw new Error("a bug");
          return store.advanceSchedule(from, advance);
        },
      }),
    });
    const bad = (await engine.schedules.save(every(SECOND, { key: "bad" }), null)).schedule.id;
    await engine.schedules.save(every(MINUTE), null);
    await world.runUntil(START + MINUTE + 5 * SECOND);
    expect(await world.slots()).toEqual(["1:00 fired"]);
  });

  test.each(["before", "after"] as const)(
    "whose daemon is killed %s the commit of a slot makes one job of it",
    async (when) => {
      let isKilled = false;
      const first = await world.startEngine({
        ...completes,
        intercept: (store) => ({
          ...store,
          async advanceSchedule(from, advance) {
            if (isKilled) throw new Error("killed");
            isKilled = true;
            if (when === "after") await store.advanceSchedule(from, advance);
            throw new Error("killed");
          },
        }),
      });
      await first.engine.schedules.save(every(MINUTE, { overlap: "buffer-one" }), null);
      await world.runUntil(START + MINUTE);
      await world.restartAt(START + MINUTE + 2 * SECOND, first);
      await world.runUntil(START + 2 * MINUTE);
      expect(await world.slots()).toEqual(["1:00 fired", "2:00 fired"]);
      expect((await world.store.counts()).jobs.completed).toBe(2);
    },
  );

  test("is not decided by a daemon that stops", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(SECOND), null);
    await engine.stop({ graceMs: 0 });
    await world.runUntil(START + 5 * SECOND);
    expect(await world.slots()).toEqual([]);
    expect((await refusalOf(engine.schedules.save(every(HOUR), null))).code).toBe("STOPPING");
  });
});

describe("when the clock is set", () => {
  test("back, no slot gets a second job, and those behind them come at their time", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(MINUTE), null);
    await world.runUntil(START + 3 * MINUTE);
    world.clock.set(START + 90 * SECOND);
    await world.runUntil(START + 5 * MINUTE);
    expect(await world.slots()).toEqual([
      "1:00 fired",
      "2:00 fired",
      "3:00 fired",
      "4:00 fired",
      "5:00 fired",
    ]);
  });

  test("forward and back again, the slots in between are not lost", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(MINUTE), null);
    await world.runUntil(START + MINUTE);
    world.clock.set(START + 365 * 24 * HOUR);
    await world.runUntil(START + 365 * 24 * HOUR + 10 * SECOND);
    // The newest slot of the year is caught up, the others are missed.
    expect((await world.rows()).map(({ state }) => state)).toEqual(["fired", "missed", "fired"]);
    world.clock.set(START + MINUTE + 10 * SECOND);
    await world.runUntil(START + 3 * MINUTE);
    const again = (await world.rows()).slice(3);
    expect(again.map(({ slot, state }) => `${at(slot)} ${state}`)).toEqual(["3:00 fired"]);
    expect(await world.slots()).toContain("2:00 fired");
  });

  test("forward by more than the loop sleeps, a slot is not late by more than the backstop", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save({ key: "a", at: START + HOUR, job: JOB }, null);
    await world.runUntil(START + SECOND);
    world.clock.set(START + HOUR);
    await world.runUntil(START + HOUR + 5 * SECOND);
    expect(await world.slots()).toEqual(["60:00 fired"]);
  });
});

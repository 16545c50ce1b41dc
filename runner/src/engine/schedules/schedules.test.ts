import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createWorld,
  REQUEST,
  type EngineInTest,
  type World,
} from "../../../test/support/engine.ts";
import { Refused } from "../../domain/errors.ts";
import type { StoredSlot } from "../../ports/store/schedules.ts";
import type { ScheduleRequest } from "./schedule-request.ts";

/** Half past nine. */
const START = Date.parse("2026-11-23T09:30:00.000Z");
const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const { idempotencyKey: _, ...JOB } = REQUEST;

function every(everyMs: number, fields: Partial<ScheduleRequest> = {}): ScheduleRequest {
  return { key: "a", everyMs, job: JOB, ...fields };
}

/** The slots of the schedule in the order of their decision: minutes and seconds after the start, and the state. */
async function slots(key = "a"): Promise<string[]> {
  return (await rows(key)).map(({ slot, state }) => `${at(slot)} ${state}`);
}

async function rows(key = "a"): Promise<readonly StoredSlot[]> {
  const schedule = await world.store.schedule(key);
  const page = await world.store.scheduleSlots(schedule?.id ?? "", { limit: 500, cursor: null });
  return page.items.toReversed();
}

function at(slot: number): string {
  const after = slot - START;
  return `${Math.floor(after / MINUTE)}:${String((after % MINUTE) / SECOND).padStart(2, "0")}`;
}

const completes = { run: (step: { complete: () => void }): void => step.complete() };

/** The daemon is down until the instant. */
async function restartAt(instant: number, engine: EngineInTest): Promise<EngineInTest> {
  await engine.engine.stop({ graceMs: 0 });
  world.clock.moveTo(instant);
  return world.startEngine(completes);
}

async function refusalOf(promise: Promise<unknown>): Promise<Refused> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Refused)) throw new Error("It was not refused.", { cause: error });
  return error;
}

describe("a schedule", () => {
  test("makes a job at each slot, at its instant, and of no other instant", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(3 * SECOND), null);
    await world.runUntil(START + 10 * SECOND);
    expect(await slots()).toEqual(["0:03 fired", "0:06 fired", "0:09 fired"]);
    // To the millisecond: the loop slept until the slot and not until its backstop.
    for (const { slot, decidedAt } of await rows()) expect(decidedAt).toBe(slot);
    expect((await rows()).map(({ job }) => job)).toEqual(["completed", "completed", "completed"]);
  });

  test("that is created or changed wakes the loop, which sleeps until a later slot of another", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(HOUR, { key: "slow" }), null);
    await world.runUntil(START + 100);
    await engine.schedules.save(every(2 * SECOND, { startAt: START + 1_100 }), null);
    await world.runUntil(START + 1_200);
    expect((await rows())[0]).toMatchObject({ decidedAt: START + 1_100 });
    await engine.schedules.save(every(HOUR, { startAt: START + 2_500 }), null);
    await world.runUntil(START + 10_000);
    expect((await rows()).map(({ decidedAt }) => decidedAt - START)).toEqual([1_100, 2_500]);
  });

  test("with cron follows its time zone, and with at has one slot", async () => {
    const { engine } = await world.startEngine(completes);
    const cron = { key: "a", cron: "0 11 * * *", timezone: "Europe/Berlin", job: JOB };
    await engine.schedules.save(cron, null);
    await engine.schedules.save({ key: "once", at: START + 5 * SECOND, job: JOB }, null);
    await world.runUntil(START + 31 * MINUTE);
    expect(await slots()).toEqual(["30:00 fired"]);
    expect(await slots("once")).toEqual(["0:05 fired"]);
    expect(await engine.schedules.get("once")).toMatchObject({ next: null });
  });

  test("tells its jobs the slot and the one before it", async () => {
    const { engine, pool } = await world.startEngine(completes);
    await engine.schedules.save(every(MINUTE), null);
    await world.runUntil(START + 2 * MINUTE);
    const [first, second] = pool.begun.map(({ task }) => task.schedule);
    expect(first).toMatchObject({ key: "a", slot: START + MINUTE, previousSlot: null });
    expect(second).toMatchObject({ slot: START + 2 * MINUTE, previousSlot: START + MINUTE });
    const [event] = await world.store.events((await rows())[1]?.jobId ?? "", {
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
    const decided = (await rows()).map(({ slot, decidedAt }) => ({ slot, dueAt: decidedAt }));
    expect(decided).toEqual(next);
  });

  test("skips, keeps one, or cancels, while its job runs", async () => {
    const { engine, pool } = await world.startEngine({ threads: 4, obeysStop: true });
    for (const overlap of ["skip", "buffer-one", "cancel-running", "allow"] as const) {
      await engine.schedules.save(every(MINUTE, { key: overlap, overlap }), null);
    }
    await world.runUntil(START + 3 * MINUTE);
    expect(await slots("skip")).toEqual(["1:00 fired", "2:00 skipped", "3:00 skipped"]);
    expect(await slots("buffer-one")).toEqual(["1:00 fired", "2:00 buffered", "3:00 skipped"]);
    expect(await slots("allow")).toEqual(["1:00 fired", "2:00 fired", "3:00 fired"]);
    const cancelled = await rows("cancel-running");
    expect(cancelled.map(({ job }) => job)).toEqual(["failed", "failed", "open"]);
    const failure = (await world.job(cancelled[0]?.jobId ?? "")).failure;
    expect(failure).toMatchObject({ code: "CANCELLED" });
    // The one that waits begins as soon as the job has ended, without any time.
    const [first] = await rows("buffer-one");
    pool.begun.find(({ task }) => task.jobId === first?.jobId)?.complete();
    await world.settle();
    expect(await slots("buffer-one")).toEqual(["1:00 fired", "3:00 skipped", "2:00 fired"]);
    expect((await rows("buffer-one")).at(-1)).toMatchObject({ decidedAt: START + 3 * MINUTE });
  });

  test("catches up the newest missed slot, all of them, or none", async () => {
    const first = await world.startEngine(completes);
    for (const catchUp of ["latest", "all", "none"] as const) {
      await first.engine.schedules.save(
        every(MINUTE, { key: catchUp, catchUp, overlap: "allow" }),
        null,
      );
    }
    await restartAt(START + 3 * MINUTE + 30 * SECOND, first);
    await world.runUntil(START + 4 * MINUTE);
    expect(await slots("latest")).toEqual([
      "1:00 missed",
      "2:00 missed",
      "3:00 caught-up",
      "4:00 fired",
    ]);
    expect(await slots("all")).toEqual([
      "1:00 caught-up",
      "2:00 caught-up",
      "3:00 caught-up",
      "4:00 fired",
    ]);
    expect(await slots("none")).toEqual([
      "1:00 missed",
      "2:00 missed",
      "3:00 missed",
      "4:00 fired",
    ]);
    expect((await rows("none"))[0]?.detail).toContain("catchUp is none");
  });

  test("catches nothing up that is older than its window, and a slot that is on time makes up for the rest", async () => {
    const first = await world.startEngine(completes);
    const fields = { catchUpWindowMs: 30 * SECOND, overlap: "allow" } as const;
    await first.engine.schedules.save(every(MINUTE, fields), null);
    await first.engine.schedules.save(every(MINUTE, { ...fields, key: "on-time" }), null);
    await restartAt(START + 2 * MINUTE + 31 * SECOND, first);
    await world.runUntil(START + 2 * MINUTE + 40 * SECOND);
    expect(await slots()).toEqual(["1:00 missed", "2:00 missed"]);
    await world.close();
    world = await createWorld();
    const second = await world.startEngine(completes);
    await second.engine.schedules.save(every(MINUTE, fields), null);
    await restartAt(START + 2 * MINUTE + 5 * SECOND, second);
    await world.settle();
    expect(await slots()).toEqual(["1:00 missed", "2:00 fired"]);
  });

  test("that missed years takes no time, and gives the missed slots one row together", async () => {
    const first = await world.startEngine(completes);
    await first.engine.schedules.save(every(SECOND), null);
    await first.engine.schedules.save({ key: "cron", cron: "* * * * *", job: JOB }, null);
    const from = performance.now();
    await restartAt(START + 3 * 365 * 24 * HOUR + 500, first);
    await world.settle();
    expect(performance.now() - from).toBeLessThan(5_000);
    expect(await rows()).toMatchObject([
      { state: "missed", slot: START + SECOND, detail: expect.stringContaining("more than 100") },
      { state: "fired", slot: START + 3 * 365 * 24 * HOUR - 9_000 },
      ...Array.from({ length: 9 }, () => ({})),
    ]);
    expect((await rows("cron")).map(({ state }) => state)).toEqual(["missed", "fired"]);
  });

  test("that is paused decides its slots as skipped, and goes on after now when it is resumed", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(MINUTE), null);
    await world.runUntil(START + MINUTE);
    await engine.schedules.pause("a", null);
    await world.runUntil(START + 3 * MINUTE + 20 * SECOND);
    await engine.schedules.resume("a", null);
    await world.runUntil(START + 4 * MINUTE);
    expect(await slots()).toEqual(["1:00 fired", "2:00 skipped", "3:00 skipped", "4:00 fired"]);
    expect((await rows())[1]).toMatchObject({
      reason: "paused",
      detail: "The schedule was paused.",
    });
  });

  test("that is resumed after the daemon was down replays nothing", async () => {
    const first = await world.startEngine(completes);
    await first.engine.schedules.save(every(MINUTE, { catchUp: "all", overlap: "allow" }), null);
    await first.engine.schedules.pause("a", null);
    const second = await restartAt(START + 3 * MINUTE + 20 * SECOND, first);
    await second.engine.schedules.resume("a", null);
    await world.runUntil(START + 4 * MINUTE);
    expect(await slots()).toEqual(["1:00 skipped", "2:00 skipped", "3:00 skipped", "4:00 fired"]);
  });

  test("that is changed goes on at the first new slot after now, and the same request changes nothing", async () => {
    const { engine } = await world.startEngine(completes);
    const webhook = { url: "http://h.test/", headers: { a: "secret" }, on: null, retries: 5 };
    const request = every(HOUR, { job: { ...JOB, webhook } });
    expect((await engine.schedules.save(request, null)).outcome).toBe("created");
    const same = await engine.schedules.save(request, null);
    expect(same).toMatchObject({ outcome: "unchanged", schedule: { version: 1 } });
    expect(same.schedule.job).not.toContain("secret");
    const other = { ...request, job: { ...JOB, webhook: { ...webhook, headers: { a: "other" } } } };
    expect((await engine.schedules.save(other, null)).outcome).toBe("changed");
    const changed = await engine.schedules.save(every(2 * MINUTE), null);
    expect(changed).toMatchObject({ outcome: "changed", schedule: { version: 3 } });
    expect(changed.schedule.next?.slot).toBe(START + 2 * MINUTE);
    await world.runUntil(START + 2 * MINUTE);
    expect(await slots()).toEqual(["2:00 fired"]);
  });

  test("keeps numbers of its job's input that JavaScript cannot represent", async () => {
    const { engine, pool } = await world.startEngine(completes);
    const input = { id: JSON.rawJSON("12345678901234567890") };
    await engine.schedules.save(every(MINUTE, { job: { ...JOB, input } }), null);
    await world.runUntil(START + MINUTE);
    expect(pool.begun[0]?.task.input).toBe('{"id":12345678901234567890}');
  });

  test("is paused by failures in a row, with the reason", async () => {
    const { engine } = await world.startEngine({ run: (step) => step.fail() });
    await engine.schedules.save(every(MINUTE, { pauseOnFailures: 2 }), null);
    await world.runUntil(START + 3 * MINUTE);
    expect(await slots()).toEqual(["1:00 fired", "2:00 fired", "3:00 skipped"]);
    const paused = await engine.schedules.get("a");
    expect(paused).toMatchObject({ state: "paused", pausedBy: "failures" });
    const { facts } = await engine.status();
    expect(facts.failingSchedules).toMatchObject([{ key: "a", reason: paused.reason }]);
  });

  test("whose plugin or file is gone has slots that are refused, with the reason", async () => {
    let isGone = false;
    const { engine } = await world.startEngine({
      ...completes,
      checkInput: () => (isGone ? [{ path: "/text", message: "must be a number" }] : []),
    });
    await engine.schedules.save(every(MINUTE), null);
    isGone = true;
    await world.runUntil(START + MINUTE);
    expect(await rows()).toMatchObject([
      {
        state: "refused",
        reason: "INPUT_INVALID",
        detail: expect.stringContaining("must be a number"),
      },
    ]);
    expect((await refusalOf(engine.schedules.run("a", null))).code).toBe("SCHEDULE_JOB_REFUSED");
    expect((await refusalOf(engine.schedules.save(every(HOUR), null))).code).toBe("INPUT_INVALID");
  });

  test("runs when a person asks, besides its slots, but not beside its own job", async () => {
    const { engine, pool } = await world.startEngine();
    await engine.schedules.save(every(MINUTE), null);
    // The instant is on the grid, and the slot must not be taken.
    await world.runUntil(START + MINUTE - 1);
    world.clock.set(START + MINUTE);
    const { jobId } = await engine.schedules.run("a", null);
    await world.settle();
    expect((await refusalOf(engine.schedules.run("a", null))).code).toBe("SCHEDULE_BUSY");
    pool.begun.find(({ task }) => task.jobId === jobId)?.complete();
    await world.runUntil(START + 2 * MINUTE);
    const all = await rows();
    expect(all.filter(({ isManual }) => isManual)).toMatchObject([{ jobId, job: "completed" }]);
    expect(all.filter(({ isManual }) => !isManual).map(({ slot }) => at(slot))).toEqual([
      "1:00",
      "2:00",
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
    expect(await slots()).toEqual([]);
    isFull = false;
    await world.runUntil(START + MINUTE + 6 * SECOND);
    expect(await slots()).toEqual(["1:00 fired"]);
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
    expect(await slots()).toEqual(["1:00 fired"]);
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
      await restartAt(START + MINUTE + 2 * SECOND, first);
      await world.runUntil(START + 2 * MINUTE);
      expect(await slots()).toEqual(["1:00 fired", "2:00 fired"]);
      expect((await world.store.counts()).jobs.completed).toBe(2);
    },
  );

  test("is not decided by a daemon that stops", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(SECOND), null);
    await engine.stop({ graceMs: 0 });
    await world.runUntil(START + 5 * SECOND);
    expect(await slots()).toEqual([]);
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
    expect(await slots()).toEqual([
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
    expect((await rows()).map(({ state }) => state)).toEqual(["fired", "missed", "fired"]);
    world.clock.set(START + MINUTE + 10 * SECOND);
    await world.runUntil(START + 3 * MINUTE);
    const again = (await rows()).slice(3);
    expect(again.map(({ slot, state }) => `${at(slot)} ${state}`)).toEqual(["3:00 fired"]);
    expect(await slots()).toContain("2:00 fired");
  });

  test("forward by more than the loop sleeps, a slot is not late by more than the backstop", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save({ key: "a", at: START + HOUR, job: JOB }, null);
    await world.runUntil(START + SECOND);
    world.clock.set(START + HOUR);
    await world.runUntil(START + HOUR + 5 * SECOND);
    expect(await slots()).toEqual(["60:00 fired"]);
  });
});

describe("a request is refused that", () => {
  test.each<[string, Partial<ScheduleRequest>, RegExp]>([
    [
      "has six fields of cron",
      { cron: "0 0 9 * * 1" },
      /^\/cron is "0 0 9 \* \* 1", with 6 fields: it must have 5.*Seconds are not supported.*everyMs/,
    ],
    [
      "has a value out of range",
      { cron: "61 * * * *" },
      /^\/cron is "61 \* \* \* \*", which is not cron: a value is out of range\. Minutes are 0-59/,
    ],
    ["has a huge range", { cron: "0-99999999999 * * * *" }, /^\/cron is "0-9.*not cron/],
    [
      "has a text of megabytes",
      { cron: "1,".repeat(1_000_000) },
      /^\/cron is 2000000 characters long: it must be at most 100/,
    ],
    ["has no slot ever", { cron: "0 0 31 2 *" }, /^\/cron is "0 0 31 2 \*": no time after now/],
    [
      "has an unknown zone",
      { cron: "0 9 * * *", timezone: "Europe/Berlinn" },
      /^\/timezone is "Europe\/Berlinn": .*Did you mean "Europe\/Berlin"\?/,
    ],
    [
      "names only the city",
      { cron: "0 9 * * *", timezone: "berlin" },
      /Did you mean "Europe\/Berlin"\?/,
    ],
    [
      "is in the past",
      { at: START - 1 },
      /^\/at is 2026-11-23T09:29:59.999Z: it must be after now/,
    ],
    [
      "has two timings",
      { cron: "0 9 * * *", everyMs: 5_000 },
      /^\/cron must be given, or everyMs, or at, and only one of them; the body has 2/,
    ],
    ["has none", {}, /the body has 0/],
    [
      "ends before it starts",
      { everyMs: 5_000, startAt: START + 2, endAt: START + 1 },
      /^\/endAt is .* it must be after startAt/,
    ],
    [
      "has too much jitter",
      { cron: "* * * * *", jitterMs: 60_000 },
      /^\/jitterMs is 60000: it must be less than the time between two slots, 60000/,
    ],
  ])("%s", async (_name, fields, message) => {
    const { engine } = await world.startEngine(completes);
    const refused = await refusalOf(engine.schedules.save({ key: "a", job: JOB, ...fields }, null));
    expect(refused.code).toBe("BODY_INVALID");
    expect(refused.message).toMatch(message);
    expect(await world.store.schedule("a")).toBeNull();
  });
});

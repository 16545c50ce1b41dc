import { afterEach, beforeEach, describe, expect, test } from "vitest";
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
import type { ScheduleRequest } from "./schedule-request.ts";

let world: ScheduleWorld;
beforeEach(async () => {
  world = await createScheduleWorld();
});
afterEach(() => world.close());

describe("a schedule", () => {
  test("that must be new is created by one of two requests at the same time, and replaces none", async () => {
    const { engine } = await world.startEngine(completes);
    const requests = [every(MINUTE), every(HOUR)].map((request) =>
      engine.schedules.save(request, null, { isNew: true }),
    );
    const outcomes = await Promise.allSettled(requests);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const refused = await refusalOf(requests[outcomes[0]?.status === "rejected" ? 0 : 1]!);
    expect(refused.code).toBe("SCHEDULE_EXISTS");
    expect(refused.issues).toEqual([
      { path: "/key", message: 'is "a", which another schedule has' },
    ]);
    const created = await requests[outcomes[0]?.status === "rejected" ? 1 : 0];
    expect(created?.outcome).toBe("created");
    expect((await world.store.schedule("a"))?.definition).toEqual(created?.schedule.definition);
    // The same request again is no new one either.
    await refusalOf(engine.schedules.save(every(MINUTE), null, { isNew: true }));
    expect((await engine.schedules.save(every(2 * HOUR), null)).outcome).toBe("changed");
  });

  test("that is paused decides its slots as skipped, and goes on after now when it is resumed", async () => {
    const { engine } = await world.startEngine(completes);
    await engine.schedules.save(every(MINUTE), null);
    await world.runUntil(START + MINUTE);
    await engine.schedules.pause("a", null);
    await world.runUntil(START + 3 * MINUTE + 20 * SECOND);
    await engine.schedules.resume("a", null);
    await world.runUntil(START + 4 * MINUTE);
    expect(await world.slots()).toEqual([
      "1:00 fired",
      "2:00 skipped",
      "3:00 skipped",
      "4:00 fired",
    ]);
    expect((await world.rows())[1]).toMatchObject({
      reason: "paused",
      detail: "The schedule was paused.",
    });
  });

  test("that is resumed after the daemon was down replays nothing", async () => {
    const first = await world.startEngine(completes);
    await first.engine.schedules.save(every(MINUTE, { catchUp: "all", overlap: "allow" }), null);
    await first.engine.schedules.pause("a", null);
    const second = await world.restartAt(START + 3 * MINUTE + 20 * SECOND, first);
    await second.engine.schedules.resume("a", null);
    await world.runUntil(START + 4 * MINUTE);
    expect(await world.slots()).toEqual([
      "1:00 skipped",
      "2:00 skipped",
      "3:00 skipped",
      "4:00 fired",
    ]);
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
    expect(await world.slots()).toEqual(["2:00 fired"]);
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
    expect(await world.slots()).toEqual(["1:00 fired", "2:00 fired", "3:00 skipped"]);
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
    expect(await world.rows()).toMatchObject([
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
    const all = await world.rows();
    expect(all.filter(({ isManual }) => isManual)).toMatchObject([{ jobId, job: "completed" }]);
    expect(all.filter(({ isManual }) => !isManual).map(({ slot }) => at(slot))).toEqual([
      "1:00",
      "2:00",
    ]);
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
    [
      "ends before its first slot",
      { cron: "0 9 * * *", endAt: 0 },
      /^\/endAt is 1970-.*: it must not be before the next slot, /,
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

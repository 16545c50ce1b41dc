import { afterEach, beforeEach, expect, test } from "vitest";
import {
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
import type { SchedulePatch, ScheduleWhen } from "./schedule-request.ts";

let world: ScheduleWorld;
beforeEach(async () => {
  world = await createScheduleWorld();
});
afterEach(() => world.close());

const WEBHOOK = { url: "http://h.test/", headers: { a: "secret" }, on: null, retries: 5 };

test("an update changes what it names, and all else stays, also the webhook's secrets", async () => {
  const { engine } = await world.startEngine(completes);
  const job = { ...JOB, webhook: { ...WEBHOOK, secret: "whsec_x" }, metadata: { a: 1 } };
  const fields = { overlap: "allow", catchUp: "none", pauseOnFailures: 3, endAt: START + 9 * HOUR };
  const before = (await engine.schedules.save(every(MINUTE, { ...fields, job } as object), null))
    .schedule;
  const patch = { jitterMs: 1_000, pauseOnFailures: null, job: { name: "b", priority: 3 } };
  const after = await engine.schedules.update("a", patch, null);
  expect(after.definition).toEqual({
    ...before.definition,
    jitterMs: 1_000,
    pauseOnFailures: null,
  });
  expect(engine.schedules.job(after)).toEqual({ ...job, name: "b", priority: 3 });
  expect(after).toMatchObject({ id: before.id, version: before.version + 1 });
  const removed = await engine.schedules.update("a", { job: { webhook: null } }, null);
  expect(removed.sealed).toBeNull();
});

test("an update that changes nothing stores nothing", async () => {
  const { engine } = await world.startEngine(completes);
  const before = (await engine.schedules.save(every(MINUTE), null)).schedule;
  const patch = { everyMs: MINUTE, overlap: "skip", job: { name: JOB.name } } as const;
  expect(await engine.schedules.update("a", patch, null)).toEqual(before);
  expect(await engine.schedules.update("a", {}, null)).toEqual(before);
});

test.each<[SchedulePatch, object]>([
  [{ cron: "0 9 * * *" }, { kind: "cron", cron: "0 9 * * *" }],
  [{ at: START + HOUR }, { kind: "at", at: START + HOUR }],
  [{ everyMs: HOUR }, { kind: "every", everyMs: HOUR }],
  [{ timezone: "Europe/Berlin" }, { kind: "every", everyMs: MINUTE }],
])("one way to say when replaces the other: %j", async (patch, timing) => {
  const { engine } = await world.startEngine(completes);
  await engine.schedules.save(every(MINUTE), null);
  expect((await engine.schedules.update("a", patch, null)).definition.timing).toEqual(timing);
});

test("an updated schedule goes on at its first new slot after now, and stays paused", async () => {
  const { engine } = await world.startEngine(completes);
  await engine.schedules.save(every(MINUTE), null);
  await world.runUntil(START + MINUTE + 20 * SECOND);
  await engine.schedules.update("a", { everyMs: 2 * MINUTE }, null);
  await world.runUntil(START + 4 * MINUTE);
  await engine.schedules.pause("a", null);
  const paused = await engine.schedules.update("a", { everyMs: MINUTE }, null);
  expect(paused).toMatchObject({ state: "paused", next: { slot: START + 5 * MINUTE } });
  await world.runUntil(START + 5 * MINUTE);
  expect(await world.slots()).toEqual(["1:00 fired", "2:00 fired", "4:00 fired", "5:00 skipped"]);
});

test("of concurrent updates of other fields none is lost", async () => {
  const { engine } = await world.startEngine(completes);
  await engine.schedules.save(every(MINUTE), null);
  await Promise.all([
    engine.schedules.update("a", { overlap: "allow" }, null),
    engine.schedules.update("a", { catchUp: "none" }, null),
    engine.schedules.update("a", { job: { name: "b" } }, null),
    engine.schedules.update("a", { job: { priority: 3 } }, null),
  ]);
  const after = await engine.schedules.get("a");
  expect(after).toMatchObject({ version: 5, definition: { overlap: "allow", catchUp: "none" } });
  expect(engine.schedules.job(after)).toMatchObject({ name: "b", priority: 3 });
});

test.each<[string, SchedulePatch, RegExp]>([
  ["two timings", { everyMs: HOUR, at: START + HOUR }, /^\/cron must be given, .* the body has 2/],
  ["a jitter that the old timing does not allow", { jitterMs: MINUTE }, /^\/jitterMs is 60000/],
  [
    "an end in the past",
    { endAt: START - 1 },
    /^\/endAt is .*: it must not be before the next slot, /,
  ],
  ["an unknown zone", { timezone: "berlin" }, /^\/timezone .* Did you mean "Europe\/Berlin"/],
])("an update is refused as a whole for %s", async (_name, patch, message) => {
  const { engine } = await world.startEngine(completes);
  const before = (await engine.schedules.save(every(MINUTE), null)).schedule;
  const refused = await refusalOf(
    engine.schedules.update("a", { ...patch, job: { name: "b" } }, null),
  );
  expect(refused).toMatchObject({ code: "BODY_INVALID", message: expect.stringMatching(message) });
  expect(await world.store.schedule("a")).toEqual(before);
});

test("an update of a schedule that does not exist creates none", async () => {
  const { engine } = await world.startEngine(completes);
  const refused = await refusalOf(engine.schedules.update("a", { everyMs: MINUTE }, null));
  expect(refused.code).toBe("SCHEDULE_NOT_FOUND");
  expect(await world.store.schedule("a")).toBeNull();
});

test("a preview lists the slots that a schedule would have, and stores nothing", async () => {
  const { engine } = await world.startEngine(completes);
  const preview = (when: ScheduleWhen, count: number) => engine.schedules.preview(when, count);
  expect(preview({ cron: "0 9 * * *", timezone: "europe/berlin" }, 2)).toEqual({
    slots: ["2026-11-24T08:00:00Z", "2026-11-25T08:00:00Z"].map((text) => Date.parse(text)),
    timezone: "Europe/Berlin",
  });
  const once = { at: START + HOUR };
  expect(preview(once, 5).slots).toEqual([START + HOUR]);
  expect(() => preview({ cron: "61 * * * *" }, 5)).toThrow(/^\/cron is "61 /);
  expect(() => preview({ at: START }, 5)).toThrow(/^\/at is .* it must be after now/);
});

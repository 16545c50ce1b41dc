/** Makes the same change of a schedule on a store and on the model. */
import { expect } from "vitest";
import type { Slot } from "../../src/domain/schedule.ts";
import type { PassedSlot } from "../../src/domain/schedule-plan.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import type { AdvanceOutcome, SchedulePlace, SlotRun } from "../../src/ports/store/schedules.ts";
import type { CallOf, JobCall } from "./calls.ts";
import { definition, newSchedule, slotAt } from "./given-schedules.ts";
import type { ModelSchedule } from "./model/state.ts";
import type { Caller } from "./run-limits.ts";

type ScheduleCall = CallOf<
  "save schedule" | "advance schedule" | "set schedule state" | "remove schedule"
>;

/** The places at which schedules were, and the slots that got a job. */
export function createScheduleMemory() {
  return { places: new Map<string, SchedulePlace[]>(), fired: new Set<string>(), created: 0 };
}

interface ScheduleCaller extends Caller {
  readonly toJob: (job: JobCall) => NewJob;
  readonly schedules: ReturnType<typeof createScheduleMemory>;
}

export function actOnSchedule(each: ScheduleCall, caller: ScheduleCaller): void | Promise<void> {
  const { store, model, now, expectSameResult } = caller;
  const { key } = each;
  const known = model.schedules().find((schedule) => schedule.key === key);
  if (each.kind === "remove schedule") {
    if (each.isSure) expectSameResult(store.removeSchedule(key), model.removeSchedule(key));
    return;
  }
  const from = placeIn(known, each.isLate, caller);
  const passed = passedFrom(known?.next ?? null, each.passes);
  const last = passed.at(-1)?.slot ?? known?.next?.slot ?? now;
  const next = each.gap === null ? null : slotAt(last + each.gap);
  switch (each.kind) {
    case "save schedule": {
      const { overlap, pauseOnFailures, maxSchedules, isNew } = each;
      caller.schedules.created += 1;
      const id = from?.id ?? `sch_${caller.schedules.created}`;
      const timing = definition({ overlap, pauseOnFailures });
      const schedule = newSchedule(key, timing, { id, next });
      const request = { from: isNew ? null : from, passed, now, maxSchedules };
      return expectSameResult(
        store.saveSchedule(schedule, request),
        model.saveSchedule(schedule, request),
      );
    }
    case "set schedule state": {
      if (from === null) return;
      const change = { state: each.state, passed, next, now };
      return expectSameResult(
        store.setScheduleState(from, change),
        model.setScheduleState(from, change),
      );
    }
    case "advance schedule":
      if (from === null || known === undefined) return;
      return advance(each, { known, from, passed, next }, caller);
  }
}

async function advance(
  each: CallOf<"advance schedule">,
  {
    known,
    from,
    passed,
    next,
  }: {
    known: ModelSchedule;
    from: SchedulePlace;
    passed: readonly PassedSlot[];
    next: Slot | null;
  },
  { store, model, now, toJob, schedules }: ScheduleCaller,
): Promise<void> {
  const run = toRun(each, { known, passed, now, toJob });
  const isMoved = run?.trigger === "grid" || passed.length > 0;
  const request = {
    passed,
    run,
    next: isMoved ? next : known.next,
    now,
    maxQueued: each.maxQueued,
  };
  const outcome = await store.advanceSchedule(from, request);
  expect(outcome).toEqual(model.advanceSchedule(from, request));
  if (run !== null) expectFirst(outcome, `${from.id} ${run.slot}`, schedules.fired);
}

function expectFirst(outcome: AdvanceOutcome, slot: string, fired: Set<string>): void {
  if (outcome.kind !== "advanced" || outcome.jobId === null) return;
  expect([...fired]).not.toContain(slot);
  fired.add(slot);
}

function toRun(
  { trigger, state, job }: CallOf<"advance schedule">,
  {
    known: { next, bufferedSlot },
    passed,
    now,
    toJob,
  }: {
    known: ModelSchedule;
    passed: readonly PassedSlot[];
    now: number;
    toJob: (job: JobCall) => NewJob;
  },
): SlotRun | null {
  const first = next === null ? null : next.slot + passed.length * PASS_MS;
  const slots = { grid: first, buffer: bufferedSlot ?? now, manual: now };
  const slot = trigger === null ? null : slots[trigger];
  if (trigger === null || slot === null) return null;
  const make: SlotRun["make"] =
    job === null
      ? { kind: "refused", code: "PLUGIN_NOT_FOUND", message: "It is not there." }
      : { kind: "job", job: toJob({ ...job, delay: 0, key: null, idempotency: null }) };
  return { ...slotAt(slot), trigger, state, make };
}

const PASS_MS = 10;

/** The first slots from the next one, of which each is missed or skipped. */
function passedFrom(next: Slot | null, count: number): PassedSlot[] {
  if (next === null) return [];
  return Array.from({ length: count }, (_, at) => ({
    ...slotAt(next.slot + at * PASS_MS),
    ...(at % 2 === 0
      ? { state: "missed" as const, reason: "late" as const }
      : { state: "skipped" as const, reason: "changed" as const }),
    detail: "It passed.",
  }));
}

/** Where the schedule is, or where it was some changes ago. */
function placeIn(
  known: ModelSchedule | undefined,
  isLate: boolean,
  { schedules: { places } }: ScheduleCaller,
): SchedulePlace | null {
  if (known === undefined) return null;
  const { id, version, next, key } = known;
  const place = { id, version, nextSlot: next?.slot ?? null };
  const before = places.get(key) ?? [];
  places.set(key, [...before, place].slice(-3));
  return isLate ? (before[0] ?? place) : place;
}

/** Schedules for tests of stores, and steps that bring one into a state. */
import { toJsonText } from "../../src/domain/json-text.ts";
import type { ScheduleDefinition, Slot } from "../../src/domain/schedule.ts";
import type {
  AdvanceOutcome,
  NewSchedule,
  ScheduleAdvance,
  SchedulePlace,
  SlotRun,
  StoredSchedule,
  StoredSlot,
} from "../../src/ports/store/schedules.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { FIRST_PAGE, newJob, UNLIMITED } from "./given.ts";

export const MAX = { maxSchedules: 1_000 };

export function definition(fields: Partial<ScheduleDefinition> = {}): ScheduleDefinition {
  return {
    timing: { kind: "every", everyMs: 1_000 },
    timezone: "UTC",
    overlap: "skip",
    catchUp: "latest",
    catchUpWindowMs: 3_600_000,
    jitterMs: 0,
    pauseOnFailures: null,
    startAt: null,
    endAt: null,
    minGapMs: 1_000,
    ...fields,
  };
}

export function slotAt(slot: number): Slot {
  return { slot, dueAt: slot };
}

export function newSchedule(
  key: string,
  fields: Partial<ScheduleDefinition> = {},
  more: Partial<NewSchedule> = {},
): NewSchedule {
  const job = toJsonText({ plugins: [{ name: "first", options: {} }] });
  return {
    id: `sch_${key}`,
    key,
    definition: definition(fields),
    job,
    sealed: null,
    next: slotAt(1_000),
    ...more,
  };
}

export async function save(
  store: Store,
  key: string,
  fields: Partial<ScheduleDefinition> = {},
): Promise<StoredSchedule> {
  const request = { from: null, passed: [], now: 1, ...MAX };
  await store.saveSchedule(newSchedule(key, fields), request);
  return read(store, key);
}

export async function read(store: Store, key: string): Promise<StoredSchedule> {
  const schedule = await store.schedule(key);
  if (schedule === null) throw new Error(`There is no schedule "${key}".`);
  return schedule;
}

export function placeOf({ id, version, next }: StoredSchedule): SchedulePlace {
  return { id, version, nextSlot: next?.slot ?? null };
}

export function runAt(slot: number, fields: Partial<SlotRun> = {}): SlotRun {
  const job = newJob({ createdAt: slot, runAt: slot });
  return {
    ...slotAt(slot),
    trigger: "grid",
    state: "fired",
    make: { kind: "job", job },
    ...fields,
  };
}

/** Decides the next slot, which gets its job unless an earlier one prevents it. */
export async function fire(
  store: Store,
  key: string,
  fields: Partial<ScheduleAdvance> = {},
): Promise<AdvanceOutcome> {
  const schedule = await read(store, key);
  const slot = schedule.next?.slot ?? 0;
  return store.advanceSchedule(placeOf(schedule), { ...advanceTo(slot), ...fields });
}

export function advanceTo(slot: number): ScheduleAdvance {
  const next = slotAt(slot + 1_000);
  return { passed: [], run: runAt(slot), next, now: slot, maxQueued: UNLIMITED.maxQueued };
}

/** The slots, in the order in which they were decided. */
export async function slotsOf(store: Store, key: string): Promise<readonly StoredSlot[]> {
  const { id } = await read(store, key);
  return (await store.scheduleSlots(id, { ...FIRST_PAGE, limit: 500 })).items.toReversed();
}

export async function states(store: Store, key: string): Promise<readonly string[]> {
  return (await slotsOf(store, key)).map(({ slot, state }) => `${slot} ${state}`);
}

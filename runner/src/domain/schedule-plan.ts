/** What becomes of a schedule's slots that are due. Pure. */
import { MAX_CAUGHT_UP, type ScheduleDefinition, type Slot, type SlotReason } from "./schedule.ts";
import { newestSlot, slotAfter } from "./schedule-grid.ts";

/** A slot that is later than this was missed, and is caught up or not. */
export const LATE_MS = 10_000;
/** The most missed slots that get a row each. More get one row together. */
const MAX_ROWS = 100;

/** A slot without a job. */
export interface PassedSlot extends Slot {
  readonly state: "missed" | "skipped";
  readonly reason: SlotReason;
  readonly detail: string;
}

export interface SchedulePlan {
  readonly passed: readonly PassedSlot[];
  /** The slot whose job is to be made now, or null. Others can be due behind it. */
  readonly run: (Slot & { readonly state: "fired" | "caught-up" }) | null;
  /** The slot that is next after these; null if there is none. */
  readonly next: Slot | null;
}

export interface PlannedSchedule {
  readonly id: string;
  readonly definition: ScheduleDefinition;
  readonly state: "active" | "paused";
}

/** `first` is the first slot that is not decided. It is due. */
export function planSlots(schedule: PlannedSchedule, first: Slot, now: number): SchedulePlan {
  const isPaused = schedule.state === "paused";
  const dueFrom = isPaused ? now + 1 : earliestToRun(schedule, first, now);
  const mark = isPaused ? PAUSED : missed(schedule.definition);
  const { passed, next } = passSlots(schedule, first, {
    mark,
    until: ({ dueAt }) => dueAt >= dueFrom,
    after: dueFrom - schedule.definition.jitterMs - 1,
  });
  if (next === null || next.dueAt > now) return { passed, run: null, next };
  const state = now - next.dueAt <= LATE_MS ? "fired" : "caught-up";
  return { passed, run: { ...next, state }, next: slotAfter(schedule, next.slot) };
}

/** Slots that are due before this instant are missed. */
function earliestToRun(schedule: PlannedSchedule, first: Slot, now: number): number {
  const { catchUp, catchUpWindowMs, minGapMs } = schedule.definition;
  const onTimeFrom = now - LATE_MS;
  switch (catchUp) {
    case "none":
      return onTimeFrom;
    case "all": {
      const most = minGapMs === null ? Infinity : MAX_CAUGHT_UP * minGapMs;
      return now - Math.max(LATE_MS, Math.min(catchUpWindowMs, most));
    }
    case "latest": {
      const newest = newestDue(schedule, first, now);
      if (newest.dueAt >= onTimeFrom) return onTimeFrom;
      return newest.dueAt >= now - catchUpWindowMs ? newest.dueAt : now + 1;
    }
  }
}

function newestDue(schedule: PlannedSchedule, first: Slot, now: number): Slot {
  const { definition } = schedule;
  let newest = first;
  for (let count = 1; ; count += 1) {
    const next = slotAfter(schedule, newest.slot);
    if (next === null || next.dueAt > now) return newest;
    newest = next;
    if (count !== MAX_ROWS) continue;
    // Many were missed, so that most are not looked at. Slots up to `until` are due, whatever their jitter.
    const until = Math.max(newest.slot, now - definition.jitterMs);
    const slot = newestSlot(definition, { from: newest.slot, until });
    newest = slotAfter(schedule, slot - 1) ?? newest;
  }
}

type Mark = Pick<PassedSlot, "state" | "reason" | "detail">;

const PAUSED: Mark = { state: "skipped", reason: "paused", detail: "The schedule was paused." };

function missed({ catchUp, catchUpWindowMs }: ScheduleDefinition): Mark {
  const why =
    catchUp === "none"
      ? "catchUp is none"
      : catchUp === "latest"
        ? `catchUp is latest, and a later slot was due, or this one was more than ${catchUpWindowMs} ms late`
        : `it was more than ${catchUpWindowMs} ms late, or more than ${MAX_CAUGHT_UP} slots were missed`;
  const detail = `It was not decided in time, as when no daemon was up: ${why}.`;
  return { state: "missed", reason: "late", detail };
}

/** The slots from `first` until the first for which `until` is true, as passed, and that one. */
function passSlots(
  schedule: PlannedSchedule,
  first: Slot,
  { mark, until, after }: { mark: Mark; until: (slot: Slot) => boolean; after: number },
): { passed: readonly PassedSlot[]; next: Slot | null } {
  const passed: PassedSlot[] = [];
  let next: Slot | null = first;
  while (next !== null && !until(next)) {
    if (passed.length === MAX_ROWS) return passTogether(schedule, first, { mark, until, after });
    passed.push({ ...next, ...mark });
    next = slotAfter(schedule, next.slot);
  }
  return { passed, next };
}

function passTogether(
  schedule: PlannedSchedule,
  first: Slot,
  { mark, until, after }: { mark: Mark; until: (slot: Slot) => boolean; after: number },
): { passed: readonly PassedSlot[]; next: Slot | null } {
  let next = slotAfter(schedule, Math.max(first.slot, after));
  while (next !== null && !until(next)) next = slotAfter(schedule, next.slot);
  const end = next === null ? "its last one" : new Date(next.slot).toISOString();
  const detail = `${mark.detail} So were all slots from this one to ${end}${next === null ? "" : ", without that one"}: more than ${MAX_ROWS}.`;
  return { passed: [{ ...first, ...mark, detail }], next };
}

/** What a change of the schedule at `now` passes over, and the slot after `now`. */
export function passUntil(
  schedule: PlannedSchedule,
  first: Slot | null,
  { now, mark }: { now: number; mark: "paused" | "changed" },
): { passed: readonly PassedSlot[]; next: Slot | null } {
  if (first === null) return { passed: [], next: slotAfter(schedule, now) };
  return passSlots(schedule, first, {
    mark: mark === "paused" ? PAUSED : CHANGED,
    until: ({ slot }) => slot > now,
    after: now,
  });
}

const CHANGED: Mark = {
  state: "skipped",
  reason: "changed",
  detail: "The schedule was changed before the slot was decided.",
};

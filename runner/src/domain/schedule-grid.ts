/**
 * The slots of a schedule. They come from the grid that its definition describes and never from the end of
 * a run, so that a job that takes long moves no slot.
 */
import { createHash } from "node:crypto";
import { Cron } from "croner";
import type { ScheduleDefinition, Slot } from "./schedule.ts";

type Grid = Pick<ScheduleDefinition, "timing" | "timezone" | "startAt" | "endAt">;
export type SlotSource = Grid & Pick<ScheduleDefinition, "jitterMs">;

/** Parsing costs as much as a hundred slots. */
const PARSED = 500;
const parsed = new Map<string, Cron>();

/** Throws a TypeError for a text that is not cron. */
export function parseCron(cron: string, timezone: string): Cron {
  const key = `${timezone} ${cron}`;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  // A list of hours such as `30 2,14 * * *` loses no slot when the clocks go forward.
  const made = new Cron(cron, { timezone, mode: "5-part", fixedTimeRule: "no-wildcard" });
  if (parsed.size >= PARSED) parsed.delete(parsed.keys().next().value ?? "");
  parsed.set(key, made);
  return made;
}

/** The first slot after the instant, or null. */
export function nextSlot(grid: Grid, after: number): number | null {
  const { startAt, endAt } = grid;
  const found = nextOf(grid, startAt === null ? after : Math.max(after, startAt - 1));
  return found === null || (endAt !== null && found > endAt) ? null : found;
}

/** The first `count` slots after the instant. */
export function nextSlots(grid: Grid, after: number, count: number): readonly number[] {
  const slots: number[] = [];
  while (slots.length < count) {
    const next = nextSlot(grid, slots.at(-1) ?? after);
    if (next === null) break;
    slots.push(next);
  }
  return slots;
}

function nextOf({ timing, timezone, startAt }: Grid, after: number): number | null {
  switch (timing.kind) {
    case "at":
      return timing.at > after ? timing.at : null;
    case "every": {
      const anchor = startAt ?? 0;
      const { everyMs } = timing;
      return anchor + (Math.floor((after - anchor) / everyMs) + 1) * everyMs;
    }
    case "cron":
      return parseCron(timing.cron, timezone).nextRun(new Date(after))?.getTime() ?? null;
  }
}

/** The newest slot that is not after `until`; `from` is such a slot. */
export function newestSlot(grid: Grid, { from, until }: { from: number; until: number }): number {
  let low = from - 1;
  let high = until;
  // There is a slot in (low, until], and none in (high, until].
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2);
    const found = nextSlot(grid, middle);
    if (found !== null && found <= until) low = middle;
    else high = middle;
  }
  let newest = nextSlot(grid, low) ?? from;
  for (;;) {
    const next = nextSlot(grid, newest);
    if (next === null || next > until) return newest;
    newest = next;
  }
}

/** The same for each daemon and at each time: a hash of the schedule and the slot spreads equal schedules. */
export function jitterOf(scheduleId: string, slot: number, jitterMs: number): number {
  if (jitterMs === 0) return 0;
  const digest = createHash("sha256").update(`${scheduleId} ${slot}`).digest();
  return Math.floor((digest.readUInt32BE() / 2 ** 32) * (jitterMs + 1));
}

export function toSlot(scheduleId: string, slot: number, jitterMs: number): Slot {
  return { slot, dueAt: slot + jitterOf(scheduleId, slot, jitterMs) };
}

export function slotAfter(
  { id, definition }: { readonly id: string; readonly definition: SlotSource },
  after: number,
): Slot | null {
  const slot = nextSlot(definition, after);
  return slot === null ? null : toSlot(id, slot, definition.jitterMs);
}

/** The same with the jitter. */
export function slotsAfter(
  { id, definition }: { readonly id: string; readonly definition: SlotSource },
  after: number,
  count: number,
): readonly Slot[] {
  return nextSlots(definition, after, count).map((slot) => toSlot(id, slot, definition.jitterMs));
}

/** Gaps that are looked at to find the least. */
const SAMPLED = 100;

/** The least time between two of the next slots, or null if there are not two. */
export function minGapMs(grid: Grid, after: number): number | null {
  if (grid.timing.kind === "every") return grid.timing.everyMs;
  let least: number | null = null;
  let last = nextSlot(grid, after);
  for (let count = 0; count < SAMPLED && last !== null; count += 1) {
    const next = nextSlot(grid, last);
    if (next !== null) least = Math.min(least ?? Infinity, next - last);
    last = next;
  }
  return least;
}

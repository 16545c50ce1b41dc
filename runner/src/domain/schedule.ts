/** What a schedule is. schedule-grid.ts knows its slots, schedule-plan.ts decides what becomes of them. */

/** What happens to a slot whose schedule has a job that has not ended. */
export const OVERLAPS = ["skip", "buffer-one", "allow", "cancel-running"] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** What happens to slots that passed while no daemon was up. */
export const CATCH_UPS = ["latest", "none", "all"] as const;
export type CatchUp = (typeof CATCH_UPS)[number];

/**
 * `fired` and `caught-up` have a job. `buffered` gets one when the job before it has ended. The others
 * have none, and a reason.
 */
export const SLOT_STATES = [
  "fired",
  "caught-up",
  "buffered",
  "skipped",
  "missed",
  "refused",
] as const;
export type SlotState = (typeof SLOT_STATES)[number];

/** Why a slot has no job. A refused slot has the code of the refusal. */
export const SLOT_REASONS = ["overlap", "paused", "changed", "late", "clock-set-back"] as const;
export type SlotReason = (typeof SLOT_REASONS)[number];

export const DEFAULT_CATCH_UP_WINDOW_MS = 60 * 60_000;
export const MAX_CATCH_UP_WINDOW_MS = 30 * 24 * 60 * 60_000;
export const MIN_EVERY_MS = 1_000;
export const MAX_EVERY_MS = 366 * 24 * 60 * 60_000;
export const MAX_JITTER_MS = 24 * 60 * 60_000;
export const MAX_CRON_LENGTH = 100;
export const MAX_SCHEDULES = 1_000;

/** `ended`: it is active, and has no slot left. */
export const SCHEDULE_STATES = ["active", "paused", "ended"] as const;
export type ScheduleState = (typeof SCHEDULE_STATES)[number];

/** The newest slots of a schedule that are kept. */
export const KEPT_SLOTS = 200;
/** Jobs that one catch-up can make. */
export const MAX_CAUGHT_UP = 1_000;

/** When a schedule has slots. */
export type Timing =
  | { readonly kind: "cron"; readonly cron: string }
  | { readonly kind: "every"; readonly everyMs: number }
  | { readonly kind: "at"; readonly at: number };

/** Everything about a schedule but its job. */
export interface ScheduleDefinition {
  readonly timing: Timing;
  /** An IANA name. */
  readonly timezone: string;
  readonly overlap: Overlap;
  readonly catchUp: CatchUp;
  readonly catchUpWindowMs: number;
  readonly jitterMs: number;
  /** Null: failures do not pause it. */
  readonly pauseOnFailures: number | null;
  /** There is no slot before it. Slots of `every` are counted from it. */
  readonly startAt: number | null;
  /** There is no slot after it. */
  readonly endAt: number | null;
  /** The least time between two slots, as it was measured. Null if there is one slot only. */
  readonly minGapMs: number | null;
}

/** An instant of the grid, and when its job is made, which is later by the jitter. */
export interface Slot {
  readonly slot: number;
  readonly dueAt: number;
}

/** The schedule that made a job, as the job's plugins and events have it. */
export interface JobSchedule {
  readonly id: string;
  readonly key: string;
  readonly slot: number;
  /** The slot before it for which a job was made. */
  readonly previousSlot: number | null;
}

export function jobScheduleView({ id, key, slot, previousSlot }: JobSchedule) {
  return {
    id,
    key,
    slot: new Date(slot).toISOString(),
    previousSlot: previousSlot === null ? null : new Date(previousSlot).toISOString(),
  };
}

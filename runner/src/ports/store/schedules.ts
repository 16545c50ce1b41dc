import type { JsonText } from "../../domain/json-text.ts";
import type { ScheduleDefinition, Slot, SlotState } from "../../domain/schedule.ts";
import type { RunTrigger } from "../../domain/schedule-overlap.ts";
import type { PassedSlot } from "../../domain/schedule-plan.ts";
import type { NewJob, SubmitOutcome } from "./jobs.ts";
import type { Page, Paged } from "./page.ts";

/**
 * Schedules and their slots. A slot is decided in one change: its row, its job if it gets one, and the
 * slot that is next. So it gets one job, whatever daemon decides and whenever one is killed.
 */

/** Who paused a schedule: a request, or its jobs' failures. */
export type PausedBy = "request" | "failures";

/** The part of a schedule that a client gives. */
export interface ScheduleSpec {
  readonly key: string;
  readonly definition: ScheduleDefinition;
  /** The request that each job is made from, without what is encrypted. */
  readonly job: JsonText;
  /** The headers and the secret of its job's webhook, sealed by the vault. */
  readonly sealed: string | null;
}

export interface NewSchedule extends ScheduleSpec {
  /** Of a schedule that exists, the id stays. */
  readonly id: string;
  readonly next: Slot | null;
}

export interface StoredSchedule extends ScheduleSpec {
  readonly id: string;
  readonly state: "active" | "paused";
  /** Null unless it is paused, as the next two. */
  readonly pausedBy: PausedBy | null;
  readonly reason: string | null;
  readonly pausedAt: number | null;
  /** The first slot that is not decided. Null if no slot is to come. */
  readonly next: Slot | null;
  /** The newest slot that was decided. Null also when the next one is before it: the clock was set back. */
  readonly decidedSlot: number | null;
  /** The newest slot of the grid for which a job was made. */
  readonly firedSlot: number | null;
  /** The slot that waits until a job has ended. */
  readonly bufferedSlot: number | null;
  /** Jobs that failed and slots that were refused since the last job that completed. */
  readonly failures: number;
  /** Grows with each change by a client, and when it is paused. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A schedule as it was read. A change that was decided from it is only stored while it is still so. */
export interface SchedulePlace {
  readonly id: string;
  readonly version: number;
  readonly nextSlot: number | null;
}

export type SaveScheduleOutcome =
  | "created"
  | "changed"
  /** The schedule was changed meanwhile, or one with this key was created. */
  | "stale"
  | "limit";

/** A slot that is to get its job now, if no earlier job of the schedule prevents it. */
export interface SlotRun extends Slot {
  readonly trigger: RunTrigger;
  readonly state: "fired" | "caught-up";
  /** The job, or why there can be none. */
  readonly make:
    | { readonly kind: "job"; readonly job: NewJob }
    | { readonly kind: "refused"; readonly code: string; readonly message: string };
}

export interface ScheduleAdvance {
  readonly passed: readonly PassedSlot[];
  readonly run: SlotRun | null;
  /** The slot that is next. */
  readonly next: Slot | null;
  readonly now: number;
  readonly maxQueued: number;
}

export type AdvanceOutcome =
  /** `slot` is what became of the slot of `run`: null without one, or if it was decided before. */
  | {
      readonly kind: "advanced";
      readonly slot: SlotState | null;
      readonly jobId: string | null;
      /** Whether the schedule was paused because slots were refused. */
      readonly isPaused: boolean;
    }
  /** The schedule is no longer as it was read. */
  | { readonly kind: "stale" }
  /** A job of the schedule has not ended, and the run was asked for by a person. */
  | { readonly kind: "busy"; readonly jobId: string }
  | { readonly kind: "queue-full"; readonly queued: number }
  | Extract<SubmitOutcome, { kind: "limit-full" }>
  | { readonly kind: "no-file"; readonly id: string };

export interface StoredSlot extends Slot {
  /** The number of the row. Grows. */
  readonly number: number;
  readonly state: SlotState;
  readonly isManual: boolean;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly decidedAt: number;
  readonly jobId: string | null;
  /** What the job is now, or was when it was deleted. Null without a job. */
  readonly job: "open" | "completed" | "failed" | null;
}

export interface ScheduleWrites {
  /**
   * Stores a schedule. With a place, it replaces the schedule that was read there, with the slots that the
   * change passes over; without one, no schedule may have its key. A schedule stays paused. Its failures
   * are forgotten. The outcome is `limit` if there are `maxSchedules` already.
   */
  saveSchedule(
    schedule: NewSchedule,
    request: {
      readonly from: SchedulePlace | null;
      readonly passed: readonly PassedSlot[];
      readonly now: number;
      readonly maxSchedules: number;
    },
  ): Promise<SaveScheduleOutcome>;
  /**
   * Pauses or resumes a schedule. A resumed one forgets its failures and goes on at `next`. A slot that is
   * buffered is skipped when the schedule is paused. Returns false if it is no longer as it was read.
   */
  setScheduleState(
    from: SchedulePlace,
    change: {
      readonly state: "active" | "paused";
      readonly passed: readonly PassedSlot[];
      readonly next: Slot | null;
      readonly now: number;
    },
  ): Promise<boolean>;
  /**
   * Decides slots: stores those that pass, and makes the job of one. If an earlier job of the schedule has not
   * ended, `decideOverlap` of domain/schedule-overlap decides. A slot that has a row already gets no job, unless
   * it was missed: after the clock was set back, slots come again. Nor does one whose row may have been
   * deleted, and it is skipped. Keeps the newest slots, and those whose job has not ended. Nothing is
   * stored unless the outcome is `advanced`.
   */
  advanceSchedule(from: SchedulePlace, advance: ScheduleAdvance): Promise<AdvanceOutcome>;
  /** Deletes a schedule and its slots. Its jobs stay. Returns false if it does not exist. */
  removeSchedule(key: string): Promise<boolean>;
}

export interface ScheduleReads {
  schedule(key: string): Promise<StoredSchedule | null>;
  /** Returns schedules, the oldest first. Throws `Refused` for a cursor that no page returned. */
  schedules(page: Page): Promise<Paged<StoredSchedule>>;
  /** Returns the slots of a schedule, the newest decision first. */
  scheduleSlots(scheduleId: string, page: Page): Promise<Paged<StoredSlot>>;
  /** Returns up to `limit` jobs of a schedule that have not ended, the oldest first. */
  openScheduleJobs(
    scheduleId: string,
    request: { limit: number },
  ): Promise<readonly { readonly jobId: string; readonly slot: number }[]>;
  /**
   * Returns up to `limit` of the schedules that have something to decide at `now`: a slot is due, a buffered slot
   * waits for no job, or slots after `now` were decided, so that the clock was set back.
   */
  schedulesToDecide(request: { now: number; limit: number }): Promise<readonly StoredSchedule[]>;
  /** Returns the earliest instant at which a slot is due, or null. It can be in the past. */
  nextScheduleDue(): Promise<number | null>;
  /** Returns up to `limit` schedules that failures have paused, the longest first. */
  failingSchedules(request: { limit: number }): Promise<readonly StoredSchedule[]>;
}

/** What one advance does with the slot that is to run. Both stores look up the same facts. */
import { decideOverlap } from "../../domain/schedule-overlap.ts";
import type { Slot } from "../../domain/schedule.ts";
import type { NewJob } from "../../ports/store/jobs.ts";
import type { AdvanceOutcome, SlotRun } from "../../ports/store/schedules.ts";
import {
  toDefinition,
  toJobSchedule,
  toRecord,
  type ScheduleRow,
  type SlotRecord,
  type SlotRow,
} from "./stored-schedule.ts";

export interface SlotFacts {
  /** The row that the slot has already. */
  readonly known: Pick<SlotRow, "state"> | undefined;
  readonly openJob: string | null;
  readonly now: number;
}

export type SlotDecision =
  /** There is no slot, or it was decided before. */
  | { readonly kind: "known" }
  /** The slot gets its row, in place of the one that it has. */
  | { readonly kind: "record"; readonly record: SlotRecord }
  | { readonly kind: "job"; readonly record: SlotRecord; readonly job: NewJob };

export const KNOWN: SlotDecision = { kind: "known" };

/** Why nothing is stored. */
export type Refusal = Exclude<AdvanceOutcome, { kind: "advanced" }>;

export function isRefusal(decision: SlotDecision | Refusal): decision is Refusal {
  return decision.kind !== "known" && decision.kind !== "record" && decision.kind !== "job";
}

export function decideSlot(
  row: ScheduleRow,
  run: SlotRun,
  facts: SlotFacts,
): SlotDecision | Refusal {
  const { slot, dueAt, trigger, make } = run;
  const { known, now, openJob } = facts;
  // Another run that a person asked for has the instant.
  if (trigger === "manual" && known !== undefined) return { kind: "stale" };
  if (trigger === "grid" && known !== undefined && known.state !== "missed") {
    return KNOWN;
  }
  if (trigger === "grid" && known === undefined && slot <= (row.pruned_slot ?? -Infinity)) {
    const detail =
      "The clock was set back, and slots at this time were decided so long ago that their rows are deleted.";
    const state = { state: "skipped", reason: "clock-set-back", detail } as const;
    return { kind: "record", record: toRecord({ slot, dueAt, ...state }, now) };
  }
  const { overlap } = toDefinition(row);
  const decision = decideOverlap(trigger, { overlap, openJob, bufferedSlot: row.buffered_slot });
  switch (decision.kind) {
    case "busy":
      return decision;
    case "skip": {
      const skipped = { state: "skipped", reason: "overlap", detail: decision.detail } as const;
      return { kind: "record", record: toRecord({ slot, dueAt, ...skipped }, now) };
    }
    case "buffer": {
      const detail = `It waits until ${openJob ?? "a job"} has ended.`;
      const buffered = { state: "buffered", reason: "overlap", detail } as const;
      return { kind: "record", record: toRecord({ slot, dueAt, ...buffered }, now) };
    }
    case "run":
      break;
  }
  if (make.kind === "refused") {
    const refused = { state: "refused", reason: make.code, detail: make.message } as const;
    return { kind: "record", record: toRecord({ slot, dueAt, ...refused }, now) };
  }
  const detail = trigger === "buffer" ? "It waited until the job before it had ended." : null;
  const fired = { state: run.state, reason: null, detail } as const;
  return {
    kind: "job",
    job: { ...make.job, schedule: toJobSchedule(row, slot) },
    record: {
      ...toRecord({ slot, dueAt, ...fired }, now),
      isManual: trigger === "manual",
      jobId: make.job.id,
      job: "open",
    },
  };
}

/** The columns of a schedule after an advance that stored its slots. */
export function advancedColumns(
  row: ScheduleRow,
  advance: {
    readonly run: Pick<SlotRun, "slot" | "trigger"> | null;
    readonly record: SlotRecord | null;
    readonly lastPassed: number | null;
    readonly next: Slot | null;
  },
) {
  const { run, record, lastPassed, next } = advance;
  const decided = (run?.trigger === "grid" ? run.slot : lastPassed) ?? row.decided_slot;
  // After the clock was set back, slots that were decided come again.
  const isAhead = decided !== null && next !== null && decided >= next.slot;
  const isFired = record !== null && record.jobId !== null && run?.trigger !== "manual";
  const bufferedSlot =
    run?.trigger === "buffer" && record?.state !== "buffered" ? null : row.buffered_slot;
  return {
    decidedSlot: isAhead ? null : decided,
    firedSlot: isFired ? Math.max(record.slot, row.fired_slot ?? -Infinity) : row.fired_slot,
    bufferedSlot: record?.state === "buffered" ? record.slot : bufferedSlot,
  };
}

/** How many failures pause the schedule, and the reason; null if these do not. */
export function pauseReason(
  row: Pick<ScheduleRow, "definition" | "state">,
  failures: number,
  last: string,
): string | null {
  const { pauseOnFailures } = toDefinition(row);
  if (row.state === "paused" || pauseOnFailures === null || failures < pauseOnFailures) return null;
  const what = failures === 1 ? "A job failed" : `${failures} jobs in a row failed`;
  return `${what} or could not be made. The last reason: ${last}`.slice(0, MAX_REASON);
}

const MAX_REASON = 1_000;

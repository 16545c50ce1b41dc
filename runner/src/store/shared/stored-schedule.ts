/** Rows of schedules and their slots. */
import type { JsonText } from "../../domain/json-text.ts";
import type { JobSchedule, ScheduleDefinition, Slot, SlotState } from "../../domain/schedule.ts";
import type { PausedBy, StoredSchedule, StoredSlot } from "../../ports/store/schedules.ts";

export interface ScheduleRow {
  readonly seq: number;
  readonly id: string;
  readonly key: string;
  readonly version: number;
  readonly definition: string;
  readonly job: JsonText;
  readonly sealed: string | null;
  readonly state: "active" | "paused";
  readonly paused_by: PausedBy | null;
  readonly reason: string | null;
  readonly paused_at: number | null;
  readonly next_slot: number | null;
  readonly due_at: number | null;
  readonly decided_slot: number | null;
  readonly fired_slot: number | null;
  readonly buffered_slot: number | null;
  readonly pruned_slot: number | null;
  readonly failures: number;
  readonly created_at: number;
  readonly updated_at: number;
}

export function toDefinition({ definition }: Pick<ScheduleRow, "definition">): ScheduleDefinition {
  return JSON.parse(definition) as ScheduleDefinition;
}

export function toStoredSchedule(row: ScheduleRow): StoredSchedule {
  return {
    id: row.id,
    key: row.key,
    definition: toDefinition(row),
    job: row.job,
    sealed: row.sealed,
    state: row.state,
    pausedBy: row.paused_by,
    reason: row.reason,
    pausedAt: row.paused_at,
    next: toNext(row),
    decidedSlot: row.decided_slot,
    firedSlot: row.fired_slot,
    bufferedSlot: row.buffered_slot,
    failures: row.failures,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toNext({ next_slot: slot, due_at: dueAt }: ScheduleRow): Slot | null {
  return slot === null || dueAt === null ? null : { slot, dueAt };
}

export interface SlotRow {
  readonly seq: number;
  readonly slot: number;
  readonly manual: number | boolean;
  readonly state: SlotState;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly due_at: number;
  readonly decided_at: number;
  readonly job_id: string | null;
  readonly job_state: StoredSlot["job"];
}

export function toStoredSlot(row: SlotRow): StoredSlot {
  return {
    number: row.seq,
    slot: row.slot,
    dueAt: row.due_at,
    state: row.state,
    isManual: Boolean(row.manual),
    reason: row.reason,
    detail: row.detail,
    decidedAt: row.decided_at,
    jobId: row.job_id,
    job: row.job_state,
  };
}

/** A slot's row as it is written. */
export type SlotRecord = Omit<StoredSlot, "number">;

/** A slot without a job. */
export function toRecord(
  slot: Pick<StoredSlot, "slot" | "dueAt" | "state" | "reason" | "detail">,
  decidedAt: number,
): SlotRecord {
  return { ...slot, isManual: false, decidedAt, jobId: null, job: null };
}

export function toJobSchedule(row: ScheduleRow, slot: number): JobSchedule {
  const { id, key, fired_slot: fired } = row;
  return { id, key, slot, previousSlot: fired !== null && fired < slot ? fired : null };
}

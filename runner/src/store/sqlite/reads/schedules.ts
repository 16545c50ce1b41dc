import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store/store.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";
import {
  toStoredSchedule,
  toStoredSlot,
  type ScheduleRow,
  type SlotRow,
} from "../../shared/stored-schedule.ts";
import { prepare } from "../statement.ts";

export function prepareReadSchedule(db: DatabaseSync): StoreReads["schedule"] {
  const find = prepare<ScheduleRow>(db, `SELECT * FROM schedules WHERE key = ?`);
  return async (key) => {
    const row = find.get(key);
    return row === undefined ? null : toStoredSchedule(row);
  };
}

export function prepareReadSchedules(db: DatabaseSync): StoreReads["schedules"] {
  const find = prepare<ScheduleRow>(
    db,
    `SELECT * FROM schedules WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  return async ({ limit, cursor }) => {
    const [after = 0] = cursor === null ? [] : parseCursor(cursor);
    const rows = find.all(after, limit + 1);
    const items = rows.slice(0, limit);
    const last = rows.length > limit ? items.at(-1) : undefined;
    return {
      items: items.map(toStoredSchedule),
      nextCursor: last === undefined ? null : toCursor(last.seq),
    };
  };
}

export function prepareReadScheduleSlots(db: DatabaseSync): StoreReads["scheduleSlots"] {
  const find = prepare<SlotRow>(
    db,
    `SELECT * FROM schedule_slots INDEXED BY schedule_slots_by_schedule
     WHERE schedule = (SELECT seq FROM schedules WHERE id = ?) AND seq < ? ORDER BY seq DESC LIMIT ?`,
  );
  return async (scheduleId, { limit, cursor }) => {
    const [before = Number.MAX_SAFE_INTEGER] = cursor === null ? [] : parseCursor(cursor);
    const rows = find.all(scheduleId, before, limit + 1);
    const items = rows.slice(0, limit);
    const last = rows.length > limit ? items.at(-1) : undefined;
    return {
      items: items.map(toStoredSlot),
      nextCursor: last === undefined ? null : toCursor(last.seq),
    };
  };
}

export function prepareReadOpenScheduleJobs(db: DatabaseSync): StoreReads["openScheduleJobs"] {
  const find = prepare<{ jobId: string; slot: number }>(
    db,
    `SELECT job_id AS jobId, slot FROM schedule_slots INDEXED BY schedule_slots_open
     WHERE schedule = (SELECT seq FROM schedules WHERE id = ?) AND job_state = 'open'
     ORDER BY seq LIMIT ?`,
  );
  return async (scheduleId, { limit }) => find.all(scheduleId, limit).map((row) => ({ ...row }));
}

export function prepareReadSchedulesToDecide(db: DatabaseSync): StoreReads["schedulesToDecide"] {
  const findDue = prepare<ScheduleRow>(
    db,
    `SELECT * FROM schedules INDEXED BY schedules_due WHERE due_at <= ? ORDER BY due_at LIMIT ?`,
  );
  const findAhead = prepare<ScheduleRow>(
    db,
    `SELECT * FROM schedules INDEXED BY schedules_decided WHERE decided_slot > ?
     ORDER BY decided_slot LIMIT ?`,
  );
  const findBuffering = prepare<ScheduleRow>(
    db,
    `SELECT * FROM schedules INDEXED BY schedules_buffering
     WHERE buffered_slot IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM schedule_slots INDEXED BY schedule_slots_open
       WHERE schedule = schedules.seq AND job_state = 'open'
     ) ORDER BY seq LIMIT ?`,
  );
  return async ({ now, limit }) => {
    const rows = [
      ...findBuffering.all(limit),
      ...findAhead.all(now, limit),
      ...findDue.all(now, limit),
    ];
    const once = new Map(rows.map((row) => [row.seq, row]));
    return [...once.values()].slice(0, limit).map(toStoredSchedule);
  };
}

export function prepareReadNextScheduleDue(db: DatabaseSync): StoreReads["nextScheduleDue"] {
  const find = prepare<{ due_at: number }>(
    db,
    `SELECT due_at FROM schedules INDEXED BY schedules_due
     WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1`,
  );
  return async () => find.get()?.due_at ?? null;
}

export function prepareReadFailingSchedules(db: DatabaseSync): StoreReads["failingSchedules"] {
  const find = prepare<ScheduleRow>(
    db,
    `SELECT * FROM schedules INDEXED BY schedules_failing
     WHERE paused_by = 'failures' ORDER BY paused_at LIMIT ?`,
  );
  return async ({ limit }) => find.all(limit).map(toStoredSchedule);
}

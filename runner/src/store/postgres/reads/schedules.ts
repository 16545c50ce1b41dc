import type { StoreReads } from "../../../ports/store/store.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";
import {
  toStoredSchedule,
  toStoredSlot,
  type ScheduleRow,
  type SlotRow,
} from "../../shared/stored-schedule.ts";
import type { Query } from "../reader.ts";
import { toPage } from "./page.ts";

export function createReadSchedule(query: Query): StoreReads["schedule"] {
  return async (key) => {
    const [row] = await query<ScheduleRow>(`SELECT * FROM schedules WHERE key = $1`, [key]);
    return row === undefined ? null : toStoredSchedule(row);
  };
}

export function createReadSchedules(query: Query): StoreReads["schedules"] {
  return async ({ limit, cursor }) => {
    const [after = 0] = cursor === null ? [] : parseCursor(cursor);
    const rows = await query<ScheduleRow>(
      `SELECT * FROM schedules WHERE seq > $1 ORDER BY seq LIMIT $2`,
      [after, limit + 1],
    );
    const { items, last } = toPage(rows, limit);
    return {
      items: items.map(toStoredSchedule),
      nextCursor: last === null ? null : toCursor(last.seq),
    };
  };
}

export function createReadScheduleSlots(query: Query): StoreReads["scheduleSlots"] {
  return async (scheduleId, { limit, cursor }) => {
    const [before = Number.MAX_SAFE_INTEGER] = cursor === null ? [] : parseCursor(cursor);
    const rows = await query<SlotRow>(
      `SELECT * FROM schedule_slots
       WHERE schedule = (SELECT seq FROM schedules WHERE id = $1) AND seq < $2
       ORDER BY seq DESC LIMIT $3`,
      [scheduleId, before, limit + 1],
    );
    const { items, last } = toPage(rows, limit);
    return {
      items: items.map(toStoredSlot),
      nextCursor: last === null ? null : toCursor(last.seq),
    };
  };
}

export function createReadOpenScheduleJobs(query: Query): StoreReads["openScheduleJobs"] {
  return (scheduleId, { limit }) =>
    query<{ jobId: string; slot: number }>(
      `SELECT job_id AS "jobId", slot FROM schedule_slots
       WHERE schedule = (SELECT seq FROM schedules WHERE id = $1) AND job_state = 'open'
       ORDER BY seq LIMIT $2`,
      [scheduleId, limit],
    );
}

export function createReadSchedulesToDecide(query: Query): StoreReads["schedulesToDecide"] {
  return async ({ now, limit }) => {
    const rows = await query<ScheduleRow>(
      `SELECT * FROM schedules WHERE seq IN (
         (SELECT seq FROM schedules WHERE buffered_slot IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM schedule_slots WHERE schedule = schedules.seq AND job_state = 'open'
          ) ORDER BY seq LIMIT $2)
         UNION (SELECT seq FROM schedules WHERE decided_slot > $1 ORDER BY decided_slot LIMIT $2)
         UNION (SELECT seq FROM schedules WHERE due_at <= $1 ORDER BY due_at LIMIT $2)
       ) LIMIT $2`,
      [now, limit],
    );
    return rows.map(toStoredSchedule);
  };
}

export function createReadNextScheduleDue(query: Query): StoreReads["nextScheduleDue"] {
  return async () => {
    const [row] = await query<{ due_at: number }>(
      `SELECT due_at FROM schedules WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1`,
    );
    return row?.due_at ?? null;
  };
}

export function createReadFailingSchedules(query: Query): StoreReads["failingSchedules"] {
  return async ({ limit }) => {
    const rows = await query<ScheduleRow>(
      `SELECT * FROM schedules WHERE paused_by = 'failures' ORDER BY paused_at LIMIT $1`,
      [limit],
    );
    return rows.map(toStoredSchedule);
  };
}

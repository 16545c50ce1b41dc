import type { DatabaseSync } from "node:sqlite";
import { toRecord, type ScheduleRow } from "../../shared/stored-schedule.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { preparePauseSchedule } from "./pause-schedule.ts";
import { prepareSlotRows } from "./schedule-slots.ts";

export function prepareSetScheduleState(db: DatabaseSync): Operations["setScheduleState"] {
  const find = prepare<ScheduleRow>(
    db,
    `SELECT * FROM schedules WHERE id = ? AND version = ? AND next_slot IS ?`,
  );
  const resume = prepare(
    db,
    `UPDATE schedules SET state = 'active', paused_by = NULL, reason = NULL, paused_at = NULL, failures = 0,
       version = version + 1 WHERE seq = ?`,
  );
  const setNext = prepare(
    db,
    // The clock can have been set back since a slot was decided.
    `UPDATE schedules SET next_slot = ?1, due_at = ?2, updated_at = ?3,
       decided_slot = iif(decided_slot >= ?1, NULL, decided_slot) WHERE seq = ?4`,
  );
  const pause = preparePauseSchedule(db);
  const slots = prepareSlotRows(db);
  return (from, { state, passed, next, now }) => {
    const row = find.get(from.id, from.version, from.nextSlot);
    if (row === undefined) return false;
    if (state === "paused") pause(row, { by: "request", reason: null, at: now });
    else resume.run(row.seq);
    setNext.run(next?.slot ?? null, next?.dueAt ?? null, now, row.seq);
    for (const each of passed) slots.insert(row.seq, toRecord(each, now));
    slots.prune(row.seq);
    return true;
  };
}

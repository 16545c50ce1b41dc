import type { DatabaseSync } from "node:sqlite";
import { toRecord } from "../../shared/stored-schedule.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareSlotRows } from "./schedule-slots.ts";

export function prepareSaveSchedule(db: DatabaseSync): Operations["saveSchedule"] {
  const count = prepare<{ count: number }>(db, `SELECT count(*) AS count FROM schedules`);
  const insert = prepare(
    db,
    `INSERT INTO schedules (id, key, definition, job, sealed, state, next_slot, due_at, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, 'active', ?, ?, ?8, ?8) ON CONFLICT DO NOTHING`,
  );
  const replace = prepare<{ seq: number }>(
    db,
    // The clock can have been set back since a slot was decided.
    `UPDATE schedules SET definition = ?1, job = ?2, sealed = ?3, next_slot = ?4, due_at = ?5,
       decided_slot = iif(decided_slot >= ?4, NULL, decided_slot),
       failures = 0, version = version + 1, updated_at = ?6
     WHERE id = ?7 AND key = ?8 AND version = ?9 AND next_slot IS ?10 RETURNING seq`,
  );
  const slots = prepareSlotRows(db);
  return (schedule, { from, passed, now, maxSchedules }) => {
    const { id, key, job, sealed, next } = schedule;
    const definition = JSON.stringify(schedule.definition);
    const slot = next?.slot ?? null;
    const dueAt = next?.dueAt ?? null;
    if (from === null) {
      if ((count.get()?.count ?? 0) >= maxSchedules) return "limit";
      const { changes } = insert.run(id, key, definition, job, sealed, slot, dueAt, now);
      return Number(changes) === 0 ? "stale" : "created";
    }
    const row = replace.get(
      definition,
      job,
      sealed,
      slot,
      dueAt,
      now,
      from.id,
      key,
      from.version,
      from.nextSlot,
    );
    if (row === undefined) return "stale";
    for (const each of passed) slots.insert(row.seq, toRecord(each, now));
    slots.prune(row.seq);
    return "changed";
  };
}

export function prepareRemoveSchedule(db: DatabaseSync): Operations["removeSchedule"] {
  const remove = prepare(db, `DELETE FROM schedules WHERE key = ?`);
  return (key) => Number(remove.run(key).changes) > 0;
}

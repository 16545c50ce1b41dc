import type { DatabaseSync } from "node:sqlite";
import { KEPT_SLOTS } from "../../../domain/schedule.ts";
import type { SlotRecord, SlotRow } from "../../shared/stored-schedule.ts";
import { prepare } from "../statement.ts";

/** The rows of slots, in the operations on schedules. */
export function prepareSlotRows(db: DatabaseSync) {
  const find = prepare<Pick<SlotRow, "state">>(
    db,
    `SELECT state FROM schedule_slots WHERE schedule = ? AND slot = ?`,
  );
  const findOpen = prepare<{ job_id: string }>(
    db,
    `SELECT job_id FROM schedule_slots INDEXED BY schedule_slots_open
     WHERE schedule = ? AND job_state = 'open' ORDER BY seq LIMIT 1`,
  );
  const remove = prepare(db, `DELETE FROM schedule_slots WHERE schedule = ? AND slot = ?`);
  // A slot that was decided before keeps its row.
  const insert = prepare(
    db,
    `INSERT INTO schedule_slots (schedule, slot, manual, state, reason, detail, due_at, decided_at,
       job_id, job_state)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  // One that waits, or whose job has not ended, is needed.
  const prune = prepare<{ slot: number; manual: 0 | 1 }>(
    db,
    `DELETE FROM schedule_slots WHERE schedule = ?1 AND seq <= (
       SELECT seq FROM schedule_slots WHERE schedule = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ${KEPT_SLOTS}
     ) AND state <> 'buffered' AND job_state IS NOT 'open'
     RETURNING slot, manual`,
  );
  const setPruned = prepare(
    db,
    `UPDATE schedules SET pruned_slot = max(coalesce(pruned_slot, ?1), ?1) WHERE seq = ?2`,
  );
  return {
    find: (schedule: number, slot: number) => find.get(schedule, slot),
    openJob: (schedule: number) => findOpen.get(schedule)?.job_id ?? null,
    insert(schedule: number, record: SlotRecord): void {
      insert.run(
        schedule,
        record.slot,
        record.isManual ? 1 : 0,
        record.state,
        record.reason,
        record.detail,
        record.dueAt,
        record.decidedAt,
        record.jobId,
        record.job,
      );
    },
    remove: (schedule: number, slot: number) => void remove.run(schedule, slot),
    prune(schedule: number): void {
      const slots = prune.all(schedule).filter(({ manual }) => manual === 0);
      if (slots.length > 0) setPruned.run(Math.max(...slots.map(({ slot }) => slot)), schedule);
    },
  };
}

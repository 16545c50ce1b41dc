import { toRecord } from "../../shared/stored-schedule.ts";
import type { Operation } from "../change.ts";
import { insertSlots, pruneSlots } from "./schedule-slots.ts";

export const saveSchedule: Operation<"saveSchedule"> = async (
  tx,
  { id, key, definition, job, sealed, next },
  { from, passed, now, maxSchedules },
) => {
  const stored = [JSON.stringify(definition), job, sealed, next?.slot ?? null, next?.dueAt ?? null];
  if (from === null) {
    const [row] = await tx.query<{ count: number }>(`SELECT count(*) AS count FROM schedules`);
    if ((row?.count ?? 0) >= maxSchedules) return "limit";
    const created = await tx.query(
      `INSERT INTO schedules (id, key, definition, job, sealed, state, next_slot, due_at, created_at,
         updated_at)
       VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $8) ON CONFLICT DO NOTHING RETURNING id`,
      [id, key, ...stored, now],
    );
    return created.length === 0 ? "stale" : "created";
  }
  const [row] = await tx.query<{ seq: number }>(
    // The clock can have been set back since a slot was decided.
    `UPDATE schedules SET definition = $3, job = $4, sealed = $5, next_slot = $6, due_at = $7,
       decided_slot = CASE WHEN decided_slot >= $6 THEN NULL ELSE decided_slot END,
       failures = 0, version = version + 1, updated_at = $8
     WHERE id = $1 AND key = $2 AND version = $9 AND next_slot IS NOT DISTINCT FROM $10
     RETURNING seq`,
    [from.id, key, ...stored, now, from.version, from.nextSlot],
  );
  if (row === undefined) return "stale";
  await insertSlots(
    tx,
    row.seq,
    passed.map((each) => toRecord(each, now)),
  );
  await pruneSlots(tx, row.seq);
  return "changed";
};

export const removeSchedule: Operation<"removeSchedule"> = async (tx, key) => {
  const removed = await tx.query(`DELETE FROM schedules WHERE key = $1 RETURNING id`, [key]);
  return removed.length > 0;
};

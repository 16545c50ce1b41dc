import { toRecord } from "../../shared/stored-schedule.ts";
import type { Operation } from "../change.ts";
import { findSchedule } from "./find-schedule.ts";
import { pauseSchedule } from "./pause-schedule.ts";
import { insertSlots, pruneSlots } from "./schedule-slots.ts";

export const setScheduleState: Operation<"setScheduleState"> = async (
  tx,
  from,
  { state, passed, next, now },
) => {
  const row = await findSchedule(tx, from);
  if (row === undefined) return false;
  if (state === "paused") {
    await pauseSchedule(tx, row, { by: "request", reason: null, at: now });
  } else {
    await tx.query(
      `UPDATE schedules SET state = 'active', paused_by = NULL, reason = NULL, paused_at = NULL,
         failures = 0, version = version + 1 WHERE seq = $1`,
      [row.seq],
    );
  }
  await tx.query(
    // The clock can have been set back since a slot was decided.
    `UPDATE schedules SET next_slot = $2, due_at = $3, updated_at = $4,
       decided_slot = CASE WHEN decided_slot >= $2 THEN NULL ELSE decided_slot END WHERE seq = $1`,
    [row.seq, next?.slot ?? null, next?.dueAt ?? null, now],
  );
  await insertSlots(
    tx,
    row.seq,
    passed.map((each) => toRecord(each, now)),
  );
  await pruneSlots(tx, row.seq);
  return true;
};

import type { DatabaseSync } from "node:sqlite";
import type { PausedBy } from "../../../ports/store/schedules.ts";
import type { ScheduleRow } from "../../shared/stored-schedule.ts";
import { prepare } from "../statement.ts";

export interface Pause {
  readonly by: PausedBy;
  readonly reason: string | null;
  readonly at: number;
}

/** Pauses a schedule that is active. The slot that waits for a job gets none. */
export function preparePauseSchedule(db: DatabaseSync) {
  const pause = prepare(
    db,
    `UPDATE schedules SET state = 'paused', paused_by = ?, reason = ?, paused_at = ?,
       buffered_slot = NULL, version = version + 1
     WHERE seq = ?`,
  );
  const skipBuffered = prepare(
    db,
    `UPDATE schedule_slots SET state = 'skipped', reason = 'paused', detail = 'The schedule was paused.',
       decided_at = ?
     WHERE schedule = ? AND slot = ? AND state = 'buffered'`,
  );
  return (row: Pick<ScheduleRow, "seq" | "buffered_slot">, { by, reason, at }: Pause): void => {
    if (row.buffered_slot !== null) skipBuffered.run(at, row.seq, row.buffered_slot);
    pause.run(by, reason, at, row.seq);
  };
}

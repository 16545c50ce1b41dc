import type { PausedBy } from "../../../ports/store/schedules.ts";
import type { ScheduleRow } from "../../shared/stored-schedule.ts";
import type { Transaction } from "../transaction.ts";

export interface Pause {
  readonly by: PausedBy;
  readonly reason: string | null;
  readonly at: number;
}

/** Pauses a schedule that is active. The slot that waits for a job gets none. */
export async function pauseSchedule(
  tx: Transaction,
  row: Pick<ScheduleRow, "seq" | "buffered_slot">,
  { by, reason, at }: Pause,
): Promise<void> {
  await tx.query(
    `UPDATE schedule_slots SET state = 'skipped', reason = 'paused',
       detail = 'The schedule was paused.', decided_at = $3
     WHERE schedule = $1 AND slot = $2 AND state = 'buffered'`,
    [row.seq, row.buffered_slot, at],
  );
  await tx.query(
    `UPDATE schedules SET state = 'paused', paused_by = $2, reason = $3, paused_at = $4,
       buffered_slot = NULL, version = version + 1
     WHERE seq = $1`,
    [row.seq, by, reason, at],
  );
}

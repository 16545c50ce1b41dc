import type { SchedulePlace } from "../../../ports/store/schedules.ts";
import type { ScheduleRow } from "../../shared/stored-schedule.ts";
import type { Transaction } from "../transaction.ts";

/** The schedule, locked, if it is still as it was read. */
export async function findSchedule(
  tx: Transaction,
  { id, version, nextSlot }: SchedulePlace,
): Promise<ScheduleRow | undefined> {
  const [row] = await tx.query<ScheduleRow>(
    `SELECT * FROM schedules WHERE id = $1 AND version = $2 AND next_slot IS NOT DISTINCT FROM $3
     FOR NO KEY UPDATE`,
    [id, version, nextSlot],
  );
  return row;
}

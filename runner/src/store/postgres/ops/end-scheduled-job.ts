import type { Progress } from "../../../domain/transition.ts";
import { pauseReason } from "../../shared/decide-slot.ts";
import { countsAsFailure, lastFailure } from "../../shared/scheduled-failure.ts";
import type { ScheduleRow } from "../../shared/stored-schedule.ts";
import type { Transaction } from "../transaction.ts";
import { pauseSchedule } from "./pause-schedule.ts";

/**
 * A job of a schedule has ended: its slot shows it, and failures in a row pause the schedule, whose row was
 * locked at the start of the group.
 */
export async function endScheduledJob(
  tx: Transaction,
  jobId: string,
  { schedule, status, failure, endedAt = 0 }: Progress,
): Promise<void> {
  if (schedule === undefined) return;
  await tx.query(`UPDATE schedule_slots SET job_state = $2 WHERE job_id = $1`, [
    jobId,
    status === "completed" ? "completed" : "failed",
  ]);
  const hasFailed = countsAsFailure(failure);
  // What somebody cancelled says nothing about the schedule.
  if (status === "failed" && !hasFailed) return;
  const [row] = await tx.query<ScheduleRow>(
    `UPDATE schedules SET failures = CASE WHEN $2 THEN failures + 1 ELSE 0 END
     WHERE id = $1 RETURNING *`,
    [schedule, hasFailed],
  );
  if (row === undefined || !hasFailed) return;
  const reason = pauseReason(row, row.failures, lastFailure(jobId, failure));
  if (reason !== null) await pauseSchedule(tx, row, { by: "failures", reason, at: endedAt });
}

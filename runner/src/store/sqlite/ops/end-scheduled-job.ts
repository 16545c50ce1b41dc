import type { DatabaseSync } from "node:sqlite";
import type { Progress } from "../../../domain/transition.ts";
import { pauseReason } from "../../shared/decide-slot.ts";
import { countsAsFailure, lastFailure } from "../../shared/scheduled-failure.ts";
import type { ScheduleRow } from "../../shared/stored-schedule.ts";
import { prepare } from "../statement.ts";
import { preparePauseSchedule } from "./pause-schedule.ts";

/** A job of a schedule has ended: its slot shows it, and failures in a row pause the schedule. */
export function prepareEndScheduledJob(db: DatabaseSync) {
  const endSlot = prepare(db, `UPDATE schedule_slots SET job_state = ? WHERE job_id = ?`);
  const count = prepare<ScheduleRow>(
    db,
    `UPDATE schedules SET failures = iif(?1, failures + 1, 0) WHERE id = ?2 RETURNING *`,
  );
  const pause = preparePauseSchedule(db);
  return (jobId: string, { schedule, status, failure, endedAt = 0 }: Progress): void => {
    if (schedule === undefined) return;
    endSlot.run(status === "completed" ? "completed" : "failed", jobId);
    const hasFailed = countsAsFailure(failure);
    // What somebody cancelled says nothing about the schedule.
    if (status === "failed" && !hasFailed) return;
    const row = count.get(hasFailed ? 1 : 0, schedule);
    if (row === undefined || !hasFailed) return;
    const reason = pauseReason(row, row.failures, lastFailure(jobId, failure));
    if (reason !== null) pause(row, { by: "failures", reason, at: endedAt });
  };
}

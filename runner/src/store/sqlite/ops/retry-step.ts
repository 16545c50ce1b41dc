import type { DatabaseSync } from "node:sqlite";
import type { StepRetry } from "../../../domain/transition.ts";
import { prepare } from "../statement.ts";
import { lineUp } from "./line-up.ts";

/** Puts a running job back into the queue until an instant, and keeps the attempt that failed. */
export function prepareRetryStep(db: DatabaseSync) {
  const requeue = prepare(
    db,
    `UPDATE jobs SET status = 'queued', run_at = ?1, due = 0, fence = fence + 1, step_attempts = 0,
       failed_attempts = failed_attempts + 1, failed_ms = failed_ms + ?2,
       lease_owner = NULL, lease_until = NULL, ${lineUp({ at: "?1" })}
     WHERE seq = ?3`,
  );
  const insert = prepare(
    db,
    `INSERT INTO step_attempts (job, position, number, started_at, ended_at, failure_code,
       failure_message)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  return (job: number, { at, attempt, durationMs }: StepRetry): void => {
    requeue.run(at, durationMs, job);
    const { step, number, startedAt, endedAt, failure } = attempt;
    insert.run(job, step, number, startedAt, endedAt, failure.code, failure.message);
  };
}

import type { DatabaseSync } from "node:sqlite";
import type { RunningJob } from "../../../domain/job.ts";
import type { Operations } from "../change.ts";
import { toCompletedStep, toSpec, type SpecColumns, type StepColumns } from "../rows.ts";
import { prepare } from "../statement.ts";

interface ReadyRow extends SpecColumns {
  readonly seq: number;
  readonly fence: number;
  readonly sequence: number;
  readonly step_attempts: number;
  readonly completed_steps: number;
  readonly started_at: number | null;
}

export function prepareClaimJobs(db: DatabaseSync): Operations["claimJobs"] {
  const markDue = prepare(
    db,
    `UPDATE jobs SET due = 1 WHERE status = 'queued' AND due = 0 AND run_at <= ?`,
  );
  // CROSS JOIN keeps the order of the tables: the index gives the order, nothing is sorted.
  const findReady = prepare<ReadyRow>(
    db,
    `SELECT jobs.seq, id, name, priority, run_at, created_at, started_at, fence, sequence,
       step_attempts, completed_steps, timeout_ms, plugins, metadata, input
     FROM jobs INDEXED BY jobs_ready CROSS JOIN job_specs ON job_specs.job = jobs.seq
     WHERE status = 'queued' AND due = 1
     ORDER BY priority DESC, seq LIMIT ?`,
  );
  const lease = prepare(
    db,
    `UPDATE jobs SET status = 'running', fence = ?, step_attempts = ?, started_at = ?,
       lease_owner = ?, lease_until = ?
     WHERE seq = ?`,
  );
  const findSteps = prepare<StepColumns>(
    db,
    `SELECT plugin, metrics, output FROM steps
     WHERE job = ? AND status = 'completed' ORDER BY position`,
  );

  return ({ owner, limit, now, leaseUntil }) => {
    markDue.run(now);
    return findReady.all(limit).map((row): RunningJob => {
      const fence = row.fence + 1;
      const stepAttempts = row.step_attempts + 1;
      const startedAt = row.started_at ?? now;
      lease.run(fence, stepAttempts, startedAt, owner, leaseUntil, row.seq);
      return {
        ...toSpec(row),
        fence,
        sequence: row.sequence,
        stepAttempts,
        startedAt,
        completedSteps:
          row.completed_steps === 0 ? [] : findSteps.all(row.seq).map(toCompletedStep),
      };
    });
  };
}

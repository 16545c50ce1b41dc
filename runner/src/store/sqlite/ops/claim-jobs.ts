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

/** Inputs of jobs claimed ahead are held in memory; in UTF-16 units, all together. */
const MAX_AHEAD_UNITS = 8 * 1024 * 1024;

export function prepareClaimJobs(db: DatabaseSync): Operations["claimJobs"] {
  const markDue = prepare(
    db,
    `UPDATE jobs INDEXED BY jobs_scheduled SET due = 1
     WHERE status = 'queued' AND due = 0 AND run_at <= ?`,
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

  /** Rows are read before any is leased: a lease changes the index that they are read by. */
  function readReady(limit: number, ahead: number): ReadyRow[] {
    const rows: ReadyRow[] = [];
    let inputUnits = 0;
    let isRisky = false;
    for (const row of findReady.iterate(limit + ahead)) {
      inputUnits += row.input.length;
      isRisky ||= row.step_attempts > 0;
      const isAhead = rows.length >= limit;
      if (isAhead && (isRisky || inputUnits > MAX_AHEAD_UNITS)) break;
      rows.push(row);
    }
    return rows;
  }

  return ({ owner, limit, ahead, now, leaseUntil }) => {
    markDue.run(now);
    return readReady(limit, ahead).map((row): RunningJob => {
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

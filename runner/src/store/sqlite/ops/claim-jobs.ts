import type { DatabaseSync } from "node:sqlite";
import { MAX_STEP_ATTEMPTS, type RunningJob } from "../../../domain/job.ts";
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

/** Few, because inputs can be large. */
const ROWS_PER_READ = 8;
/** The inputs of all jobs in one claim, in UTF-16 units: jobs claimed ahead wait in memory. */
const MAX_AHEAD_UNITS = 8 * 1024 * 1024;

export function prepareClaimJobs(db: DatabaseSync): Operations["claimJobs"] {
  const markDue = prepare(
    db,
    `UPDATE jobs INDEXED BY jobs_scheduled SET due = 1
     WHERE status = 'queued' AND due = 0 AND run_at <= ?`,
  );
  // CROSS JOIN keeps the order of the tables, so the index gives the order and nothing is sorted.
  const findReady = prepare<ReadyRow>(
    db,
    `SELECT jobs.seq, id, name, priority, run_at, created_at, started_at, fence, sequence,
       step_attempts, completed_steps, timeout_ms, plugins, metadata, input
     FROM jobs INDEXED BY jobs_ready CROSS JOIN job_specs ON job_specs.job = jobs.seq
     WHERE status = 'queued' AND due = 1
     ORDER BY priority DESC, seq LIMIT ?`,
  );
  const isLastAttemptRunning = prepare(
    db,
    `SELECT 1 FROM jobs WHERE status = 'running' AND step_attempts = ${MAX_STEP_ATTEMPTS}`,
  );
  const isAnyRunning = prepare(db, `SELECT 1 FROM jobs WHERE status = 'running' LIMIT 1`);
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

  function toLeased(row: ReadyRow, request: { owner: string; now: number; leaseUntil: number }) {
    const fence = row.fence + 1;
    const stepAttempts = row.step_attempts + 1;
    const startedAt = row.started_at ?? request.now;
    lease.run(fence, stepAttempts, startedAt, request.owner, request.leaseUntil, row.seq);
    return {
      ...toSpec(row),
      fence,
      sequence: row.sequence,
      stepAttempts,
      startedAt,
      completedSteps: row.completed_steps === 0 ? [] : findSteps.all(row.seq).map(toCompletedStep),
    };
  }

  return (request) => {
    markDue.run(request.now);
    if (isLastAttemptRunning.get() !== undefined) return [];
    const jobs: RunningJob[] = [];
    let inputUnits = 0;
    let hasInterrupted = false;
    // Each claimed job leaves the index, so the next read continues behind it.
    for (const [wanted, isAhead] of [
      [request.limit, false],
      [request.ahead, true],
    ] as const) {
      for (let left = wanted; left > 0; left -= ROWS_PER_READ) {
        const rows = findReady.all(Math.min(left, ROWS_PER_READ));
        for (const row of rows) {
          inputUnits += row.input.length;
          hasInterrupted ||= row.step_attempts > 0;
          if (isAhead && (hasInterrupted || inputUnits > MAX_AHEAD_UNITS)) return jobs;
          const isLastAttempt = row.step_attempts === MAX_STEP_ATTEMPTS - 1;
          if (isLastAttempt && (jobs.length > 0 || isAnyRunning.get() !== undefined)) return jobs;
          jobs.push(toLeased(row, request));
          if (isLastAttempt) return jobs;
        }
        if (rows.length < Math.min(left, ROWS_PER_READ)) return jobs;
      }
    }
    return jobs;
  };
}

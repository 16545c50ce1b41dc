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

/** Rows read by one statement. */
const AT_ONCE = 8;
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
  const isLastTryUnderWay = prepare(
    db,
    `SELECT 1 FROM jobs WHERE status = 'running' AND step_attempts = ${MAX_STEP_ATTEMPTS}`,
  );
  const isAnyUnderWay = prepare(db, `SELECT 1 FROM jobs WHERE status = 'running' LIMIT 1`);
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
    if (isLastTryUnderWay.get() !== undefined) return [];
    const jobs: RunningJob[] = [];
    let inputUnits = 0;
    let isRisky = false;
    // A few at a time, since inputs may be large: what is leased is out of the index for the next.
    for (const [wanted, isAhead] of [
      [request.limit, false],
      [request.ahead, true],
    ] as const) {
      for (let left = wanted; left > 0; left -= AT_ONCE) {
        const rows = findReady.all(Math.min(left, AT_ONCE));
        for (const row of rows) {
          inputUnits += row.input.length;
          isRisky ||= row.step_attempts > 0;
          if (isAhead && (isRisky || inputUnits > MAX_AHEAD_UNITS)) return jobs;
          const isLastTry = row.step_attempts === MAX_STEP_ATTEMPTS - 1;
          if (isLastTry && (jobs.length > 0 || isAnyUnderWay.get() !== undefined)) return jobs;
          jobs.push(toLeased(row, request));
          if (isLastTry) return jobs;
        }
        if (rows.length < Math.min(left, AT_ONCE)) return jobs;
      }
    }
    return jobs;
  };
}

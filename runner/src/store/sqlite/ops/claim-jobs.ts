import type { DatabaseSync } from "node:sqlite";
import type { RunningJob, WaitingFor } from "../../../domain/job.ts";
import type { PluginCall } from "../../../domain/job-spec.ts";
import type { Operations } from "../change.ts";
import { toCompletedStep, toSpec, type SpecColumns, type StepColumns } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareWaits } from "./waits.ts";

interface ReadyRow extends SpecColumns {
  readonly seq: number;
  readonly fence: number;
  readonly sequence: number;
  readonly step_attempts: number;
  readonly completed_steps: number;
  readonly started_at: number | null;
}

const READY_COLUMNS = `jobs.seq, id, name, priority, run_at, created_at, started_at, fence, sequence,
  step_attempts, completed_steps, timeout_ms, plugins, metadata, input`;

/** Few, because inputs can be large. */
const ROWS_PER_READ = 8;
/** The inputs of all jobs in one claim, in UTF-16 units: jobs claimed ahead wait in memory. */
const MAX_AHEAD_UNITS = 8 * 1024 * 1024;
/** The number of jobs that begin to wait in one claim, so that no transaction takes long. */
const MAX_NEW_WAITS = 500;

export function prepareClaimJobs(db: DatabaseSync): Operations["claimJobs"] {
  const markDue = prepare(
    db,
    `UPDATE jobs INDEXED BY jobs_scheduled SET due = 1
     WHERE status = 'queued' AND due = 0 AND run_at <= ?`,
  );
  // CROSS JOIN keeps the order of the tables, so the index gives the order and nothing is sorted.
  const findReady = prepare<ReadyRow>(
    db,
    `SELECT ${READY_COLUMNS}
     FROM jobs INDEXED BY jobs_ready CROSS JOIN job_specs ON job_specs.job = jobs.seq
     WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL
     ORDER BY priority DESC, seq LIMIT ?`,
  );
  const findWaiting = prepare<ReadyRow>(
    db,
    `SELECT ${READY_COLUMNS}
     FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE jobs.seq = ?`,
  );
  const waits = prepareWaits(db);
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
    waits.endFor(request.plugins);
    const jobs: RunningJob[] = [];
    const done = { jobs, more: false };
    for (const { seq, waitedFor } of waits.longest(request.waitingSinceBefore, request.limit)) {
      const row = findWaiting.get(seq);
      if (row !== undefined) jobs.push({ ...toLeased(row, request), waitedFor });
    }
    let newWaits = 0;
    let inputUnits = 0;
    let hasInterrupted = false;
    // Each job that is claimed or waits leaves the index, so the next read continues behind it.
    for (const [wanted, isAhead] of [
      [request.limit - jobs.length, false],
      [request.ahead, true],
    ] as const) {
      let left = wanted;
      while (left > 0) {
        const size = Math.min(left, ROWS_PER_READ);
        const rows = findReady.all(size);
        for (const row of rows) {
          const plugin = nextPlugin(row);
          const isReady = request.plugins.includes(plugin);
          if (!isReady && request.now > request.waitingSinceBefore) {
            waits.begin(row.seq, plugin, request.now);
            newWaits += 1;
            if (newWaits === MAX_NEW_WAITS) return { jobs, more: true };
            continue;
          }
          inputUnits += row.input.length;
          hasInterrupted ||= row.step_attempts > 0;
          if (isAhead && (hasInterrupted || inputUnits > MAX_AHEAD_UNITS)) return done;
          const waitedFor: WaitingFor = { kind: "plugin", on: plugin, since: request.now };
          jobs.push({ ...toLeased(row, request), ...(!isReady && { waitedFor }) });
          left -= 1;
        }
        if (rows.length < size) return done;
      }
    }
    return done;
  };
}

function nextPlugin({ plugins, completed_steps: step }: ReadyRow): string {
  return (JSON.parse(plugins) as PluginCall[])[step]?.name ?? "";
}

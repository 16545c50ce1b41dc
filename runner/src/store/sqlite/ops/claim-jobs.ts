import type { DatabaseSync } from "node:sqlite";
import type { RunningJob } from "../../../domain/job.ts";
import type { WaitingForPlugin } from "../../../domain/waiting-for.ts";
import type { PluginCall } from "../../../domain/job-spec.ts";
import type { ClaimedJobs } from "../../../ports/store/jobs.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareGiveSlots } from "./give-slots.ts";
import { prepareLeaseJob, type ReadyRow } from "./lease-job.ts";
import { prepareWaits } from "./waits.ts";

const READY_COLUMNS = `jobs.seq, id, name, priority, run_at, created_at, started_at, fence, sequence,
  step_attempts, failed_attempts, failed_ms, completed_steps, timeout_ms, retry, schedule, limits, plugins, metadata, input,
  trace_context`;

/** Few, because inputs can be large. */
const ROWS_PER_READ = 8;
/** The inputs of all jobs in one claim, in UTF-16 units: jobs claimed ahead wait in memory. */
const MAX_AHEAD_UNITS = 8 * 1024 * 1024;
/** The number of scheduled jobs that one claim marks due. More than it leases, so the others can be marked later. */
const MAX_WOKEN = 1_000;
/** The number of jobs that begin to wait in one claim, so that no transaction takes long. */
const MAX_NEW_WAITS = 500;

export function prepareClaimJobs(db: DatabaseSync): Operations["claimJobs"] {
  const markDue = prepare(
    db,
    `UPDATE jobs SET due = 1 WHERE seq IN (
       SELECT seq FROM jobs INDEXED BY jobs_scheduled
       WHERE status = 'queued' AND due = 0 AND run_at <= ? ORDER BY run_at, seq LIMIT ${MAX_WOKEN}
     )`,
  );
  // CROSS JOIN keeps the order of the tables, so the index gives the order and nothing is sorted.
  const findReady = prepare<ReadyRow>(
    db,
    `SELECT ${READY_COLUMNS}
     FROM jobs INDEXED BY jobs_ready CROSS JOIN job_specs ON job_specs.job = jobs.seq
     WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NULL
     ORDER BY priority DESC, seq LIMIT ?`,
  );
  const findWaiting = prepare<ReadyRow>(
    db,
    `SELECT ${READY_COLUMNS}
     FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE jobs.seq = ?`,
  );
  const waits = prepareWaits(db);
  const slots = prepareGiveSlots(db);
  const toLeased = prepareLeaseJob(db);

  return (request) => {
    markDue.run(request.now);
    waits.endFor(request.plugins);
    slots.give({ now: request.now, room: request.limit + request.ahead });
    const jobs: RunningJob[] = [];
    const done = (): ClaimedJobs => ({ jobs, more: slots.isMore(request.now) });
    const { waitingSinceBefore: since } = request;
    for (const { seq, waitedFor } of waits.endLongest({ ...request, since })) {
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
          const mayWait = request.now > since || request.elsewhere.includes(plugin);
          if (!isReady && mayWait) {
            waits.begin(row.seq, plugin, request.now);
            newWaits += 1;
            if (newWaits === MAX_NEW_WAITS) return { jobs, more: true };
            continue;
          }
          inputUnits += row.input.length;
          hasInterrupted ||= row.step_attempts > 0;
          if (isAhead && (hasInterrupted || inputUnits > MAX_AHEAD_UNITS)) return done();
          const waitedFor: WaitingForPlugin = { kind: "plugin", on: plugin, since: request.now };
          jobs.push({ ...toLeased(row, request), ...(!isReady && { waitedFor }) });
          left -= 1;
        }
        if (rows.length < size) return { ...done(), isNoneReady: true };
      }
    }
    return done();
  };
}

function nextPlugin({ plugins, completed_steps: step }: ReadyRow): string {
  return (JSON.parse(plugins) as PluginCall[])[step]?.name ?? "";
}

import type { RunningJob } from "../../../domain/job.ts";
import type { WaitingForPlugin } from "../../../domain/waiting-for.ts";
import type { StoreWrites } from "../../../ports/store/store.ts";
import {
  toCompletedStep,
  toFailedAttempts,
  toSpec,
  type SpecColumns,
  type StepColumns,
} from "../../shared/rows.ts";
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { FIND_VACANT, giveSlots, type Vacant } from "./give-slots.ts";
import { addVacancies } from "./line-up.ts";
import { beginWaits, endLongestWaits, endWaitsFor } from "./waits.ts";

/** The inputs of all jobs in one claim, in bytes: jobs claimed ahead wait in memory. */
const MAX_AHEAD_BYTES = 8 * 1024 * 1024;
/** The number of scheduled jobs that one claim marks due. More than it leases, so the others can be marked later. */
const MAX_WOKEN = 1_000;
/** The number of jobs that begin to wait in one claim, so that no transaction takes long. */
const MAX_NEW_WAITS = 500;

type Request = Parameters<StoreWrites["claimJobs"]>[0];

/** What decides whether a job is claimed. */
interface ReadyRow {
  readonly seq: number;
  readonly priority: number;
  readonly plugin: string;
  readonly step_attempts: number;
  readonly input_bytes: number;
  readonly limit_name: string | null;
}

interface ClaimedRow extends SpecColumns {
  readonly seq: number;
  readonly fence: number;
  readonly sequence: number;
  readonly step_attempts: number;
  readonly failed_attempts: number;
  readonly failed_ms: number;
  readonly completed_steps: number;
  readonly started_at: number;
}

/** A job that was chosen. */
interface Choice {
  readonly seq: number;
  readonly waitedFor?: WaitingForPlugin;
}

const MARK_DUE = `WITH woken AS MATERIALIZED (
    SELECT seq FROM jobs WHERE status = 'queued' AND NOT due AND run_at <= $1
    ORDER BY run_at, seq LIMIT ${MAX_WOKEN} FOR NO KEY UPDATE SKIP LOCKED
  ), moved AS (
    UPDATE jobs SET due = true FROM woken WHERE jobs.seq = woken.seq RETURNING limit_name, limit_key
  )
  ${addVacancies("moved")}`;

// A CTE that locks is not run again, whatever the plan: a LIMIT in a subquery could claim more.
const FIND_READY = `WITH ready AS MATERIALIZED (
    SELECT seq, priority, completed_steps, step_attempts, limit_name FROM jobs
    WHERE status = 'queued' AND due AND waiting_since IS NULL AND blocked_since IS NULL
      AND seq <> ALL ($2::bigint[])
    ORDER BY priority DESC, seq LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
  )
  SELECT seq, priority, step_attempts, limit_name, coalesce(plugin_names[completed_steps + 1], '') AS plugin,
    octet_length(input) AS input_bytes
  FROM ready JOIN job_specs ON job_specs.job = ready.seq`;

const CLAIM = `WITH claimed AS (
    UPDATE jobs SET status = 'running', fence = fence + 1, step_attempts = step_attempts + 1,
      started_at = coalesce(started_at, $2), lease_owner = $3, lease_until = $4
    WHERE seq = ANY ($1::bigint[])
    RETURNING seq, id, name, priority, run_at, created_at, started_at, fence, sequence,
      step_attempts, failed_attempts, failed_ms, completed_steps, limits, trace_context
  )
  SELECT claimed.*, timeout_ms, retry, schedule, plugins, metadata, input
  FROM claimed JOIN job_specs ON job_specs.job = claimed.seq`;

const FIND_STEPS = `SELECT job, plugin, metrics, output FROM steps
  WHERE job = ANY ($1::bigint[]) AND status = 'completed' ORDER BY job, position`;

export const claimJobs: Operation<"claimJobs"> = async (tx, request) => {
  // Sent together; the server runs them one after the other.
  const [, , [vacant]] = await Promise.all([
    tx.query(MARK_DUE, [request.now]),
    endWaitsFor(tx, request.plugins),
    tx.query<Vacant>(FIND_VACANT, [request.now]),
  ]);
  const isAnyVacant = vacant !== undefined && (vacant.newest !== null || vacant.isDue);
  const room = { now: request.now, room: request.limit + request.ahead };
  const isMoreVacant = isAnyVacant && (await giveSlots(tx, vacant, room));
  const since = request.waitingSinceBefore;
  const chosen: Choice[] = await endLongestWaits(tx, { ...request, since });
  const more = await chooseReady(tx, request, chosen);
  return { jobs: await claim(tx, request, chosen), more: more || isMoreVacant };
};

/** Adds the jobs that are next. Returns whether others can be ready behind many that began to wait. */
async function chooseReady(tx: Transaction, request: Request, chosen: Choice[]): Promise<boolean> {
  const { limit, ahead, now, plugins, elsewhere, waitingSinceBefore } = request;
  let newWaits = 0;
  let inputBytes = 0;
  let hasInterrupted = false;
  let areSlotsFree = false;
  const size = limit + ahead;
  // Jobs that wait from now on leave the index. The next read skips those that were chosen.
  while (chosen.length < size) {
    const wanted = Math.min(size - chosen.length, MAX_NEW_WAITS - newWaits);
    const rows = await tx.query<ReadyRow>(FIND_READY, [wanted, chosen.map(({ seq }) => seq)]);
    const waits: ReadyRow[] = [];
    // A join promises no order.
    for (const row of rows.toSorted((a, b) => b.priority - a.priority || a.seq - b.seq)) {
      const isReady = plugins.includes(row.plugin);
      const mayWait = now > waitingSinceBefore || elsewhere.includes(row.plugin);
      if (!isReady && mayWait) {
        waits.push(row);
        continue;
      }
      inputBytes += row.input_bytes;
      hasInterrupted ||= row.step_attempts > 0;
      const isAhead = chosen.length >= limit;
      if (isAhead && (hasInterrupted || inputBytes > MAX_AHEAD_BYTES)) {
        await beginWaits(tx, waits, now);
        return false;
      }
      const waitedFor: WaitingForPlugin = { kind: "plugin", on: row.plugin, since: now };
      chosen.push({ seq: row.seq, ...(!isReady && { waitedFor }) });
    }
    await beginWaits(tx, waits, now);
    newWaits += waits.length;
    // They gave back their slots.
    areSlotsFree ||= waits.some((row) => row.limit_name !== null);
    if (newWaits >= MAX_NEW_WAITS) return true;
    if (rows.length < wanted) break;
  }
  return areSlotsFree;
}

async function claim(
  tx: Transaction,
  { owner, now, leaseUntil }: Request,
  chosen: readonly Choice[],
): Promise<RunningJob[]> {
  if (chosen.length === 0) return [];
  const seqs = chosen.map(({ seq }) => seq);
  const rows = await tx.query<ClaimedRow>(CLAIM, [seqs, now, owner, leaseUntil]);
  tx.count({ kind: "job", state: "queued" }, -rows.length);
  tx.count({ kind: "job", state: "running" }, rows.length);
  const begun = rows.filter((row) => row.completed_steps > 0).map(({ seq }) => seq);
  const steps =
    begun.length === 0
      ? []
      : await tx.query<StepColumns & { readonly job: number }>(FIND_STEPS, [begun]);
  const stepsOf = Map.groupBy(steps, ({ job }) => job);
  const rowOf = new Map(rows.map((row) => [row.seq, row]));
  return chosen.flatMap(({ seq, ...waited }) => {
    const row = rowOf.get(seq);
    if (row === undefined) return [];
    return {
      ...toSpec(row),
      fence: row.fence,
      owner,
      sequence: row.sequence,
      stepAttempts: row.step_attempts,
      startedAt: row.started_at,
      ...toFailedAttempts(row),
      completedSteps: (stepsOf.get(seq) ?? []).map(toCompletedStep),
      ...waited,
    };
  });
}

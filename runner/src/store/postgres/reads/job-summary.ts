import type { DeliveryState } from "../../../domain/delivery.ts";
import { eventDeliveries } from "../../../domain/delivery-progress.ts";
import type { EventKind } from "../../../domain/event.ts";
import type { JobSummary } from "../../../ports/store/jobs.ts";
import {
  LAST_ATTEMPT,
  LIMIT_USE,
  toErrorGroupId,
  toFailure,
  toWaitingFor,
  type FailureColumns,
  type LimitColumns,
  type RetryColumns,
  type WaitingColumns,
} from "../../shared/rows.ts";
import type { Query } from "../reader.ts";

/** Deliveries of one job that are read for its row. A job has more only with many webhooks. */
const MAX_DELIVERIES = 200;

interface SummaryRow extends FailureColumns, WaitingColumns, RetryColumns, LimitColumns {
  readonly seq: number;
  readonly id: string;
  readonly name: string | null;
  readonly plugin_names: readonly string[];
  readonly priority: number;
  readonly created_at: number;
  readonly run_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly payloads_removed_at: number | null;
  readonly completed_steps: number;
  readonly step_attempts: number;
  readonly step_failed: boolean;
  readonly error_group: number | null;
}

interface DeliveryRow {
  readonly job: number;
  readonly kind: EventKind;
  readonly state: DeliveryState;
  readonly attempts: number;
}

interface TagRow {
  readonly job: number;
  readonly tag: string;
}

const FIND_JOBS = `SELECT seq, id, status, name, plugin_names, priority, created_at, run_at,
    started_at, ended_at, payloads_removed_at, completed_steps, step_attempts, failure_code, failure_message, error_group,
    waiting_kind, waiting_on, waiting_since, due, failed_attempts, ${LAST_ATTEMPT},
       ${LIMIT_USE}, EXISTS (
      SELECT 1 FROM steps
      WHERE steps.job = seq AND position = completed_steps AND steps.status = 'failed'
    ) AS step_failed
  FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE seq = ANY ($1::bigint[])`;

const FIND_DELIVERIES = `SELECT delivery.job, kind, state, attempts
  FROM unnest($1::bigint[]) AS wanted (job) CROSS JOIN LATERAL (
      SELECT job, sequence, state, attempts FROM deliveries WHERE deliveries.job = wanted.job
      ORDER BY webhook, id LIMIT ${MAX_DELIVERIES + 1}
    ) AS delivery
    JOIN events ON events.job = delivery.job AND events.sequence = delivery.sequence`;

const FIND_TAGS = `SELECT job, tag FROM job_tags WHERE job = ANY ($1::bigint[]) ORDER BY job, tag`;

/**
 * Reads what a list shows of jobs, in the order of the keys. Inputs, outputs and logs are not read. A
 * job that was deleted meanwhile is left out.
 */
export async function readJobSummaries(
  query: Query,
  keys: readonly number[],
): Promise<JobSummary[]> {
  const [rows, deliveries, tags] = await Promise.all([
    query<SummaryRow>(FIND_JOBS, [keys]),
    query<DeliveryRow>(FIND_DELIVERIES, [keys]),
    query<TagRow>(FIND_TAGS, [keys]),
  ]);
  const rowOf = new Map(rows.map((row) => [row.seq, row]));
  const deliveriesOf = Map.groupBy(deliveries, ({ job }) => job);
  const tagsOf = Map.groupBy(tags, ({ job }) => job);
  return keys.flatMap((key) => {
    const row = rowOf.get(key);
    if (row === undefined) return [];
    const parts = { deliveries: deliveriesOf.get(key) ?? [], tags: tagsOf.get(key) ?? [] };
    return [toSummary(row, parts)];
  });
}

function toSummary(
  row: SummaryRow,
  { deliveries, tags }: { deliveries: readonly DeliveryRow[]; tags: readonly TagRow[] },
): JobSummary {
  return {
    id: row.id,
    status: row.status,
    name: row.name,
    plugins: row.plugin_names,
    tags: tags.map(({ tag }) => tag),
    priority: row.priority,
    createdAt: row.created_at,
    runAt: row.run_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    payloadsRemovedAt: row.payloads_removed_at,
    completedSteps: row.completed_steps,
    stepAttempts: row.step_attempts,
    failedAttempts: row.failed_attempts,
    stepFailed: row.step_failed,
    failure: toFailure(row),
    errorGroup: row.error_group === null ? null : toErrorGroupId(row.error_group),
    waitingFor: toWaitingFor(row),
    deliveries: deliveries.length > MAX_DELIVERIES ? null : eventDeliveries(deliveries),
  };
}

import type { DatabaseSync } from "node:sqlite";
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
import { prepare } from "../statement.ts";
import { prepareReadTags } from "./tags.ts";

/** Deliveries of one job that are read for its row. A job has more only with many webhooks. */
const MAX_DELIVERIES = 200;

interface SummaryRow extends FailureColumns, WaitingColumns, RetryColumns, LimitColumns {
  readonly id: string;
  readonly name: string | null;
  readonly plugin_names: string;
  readonly priority: number;
  readonly created_at: number;
  readonly run_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly payloads_removed_at: number | null;
  readonly completed_steps: number;
  readonly step_attempts: number;
  readonly step_failed: 0 | 1;
  readonly error_group: number | null;
}

interface DeliveryRow {
  readonly kind: EventKind;
  readonly state: DeliveryState;
  readonly attempts: number;
}

/** Reads what a list shows of a job. Inputs, outputs and logs are not read. */
export function prepareReadJobSummary(db: DatabaseSync): (seq: number) => JobSummary | null {
  const findJob = prepare<SummaryRow>(
    db,
    `SELECT id, status, name, plugin_names, priority, created_at, run_at, started_at, ended_at,
       payloads_removed_at, completed_steps, step_attempts, failure_code, failure_message, error_group,
       waiting_kind, waiting_on, waiting_since, due, failed_attempts, ${LAST_ATTEMPT},
       ${LIMIT_USE}, EXISTS (
         SELECT 1 FROM steps WHERE job = seq AND position = completed_steps AND status = 'failed'
       ) AS step_failed
     FROM jobs CROSS JOIN job_specs ON job_specs.job = jobs.seq WHERE seq = ?`,
  );
  const findDeliveries = prepare<DeliveryRow>(
    db,
    `SELECT kind, state, attempts FROM deliveries
       CROSS JOIN events ON events.job = deliveries.job AND events.sequence = deliveries.sequence
     WHERE deliveries.job = ? LIMIT ${MAX_DELIVERIES + 1}`,
  );
  const readTags = prepareReadTags(db);
  return (seq) => {
    const row = findJob.get(seq);
    if (row === undefined) return null;
    const deliveries = findDeliveries.all(seq);
    return {
      id: row.id,
      status: row.status,
      name: row.name,
      plugins: JSON.parse(row.plugin_names) as string[],
      tags: readTags(seq),
      priority: row.priority,
      createdAt: row.created_at,
      runAt: row.run_at,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      payloadsRemovedAt: row.payloads_removed_at,
      completedSteps: row.completed_steps,
      stepAttempts: row.step_attempts,
      failedAttempts: row.failed_attempts,
      stepFailed: row.step_failed === 1,
      failure: toFailure(row),
      errorGroup: row.error_group === null ? null : toErrorGroupId(row.error_group),
      waitingFor: toWaitingFor(row),
      deliveries: deliveries.length > MAX_DELIVERIES ? null : eventDeliveries(deliveries),
    };
  };
}

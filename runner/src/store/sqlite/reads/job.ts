import type { DatabaseSync } from "node:sqlite";
import type { JobStatus, StepMetrics, StepRecord } from "../../../domain/job.ts";
import type { JsonText } from "../../../domain/json-text.ts";
import type { StoreReads, StoredJob } from "../../../ports/store.ts";
import { toFailure, toSpec, type FailureColumns, type SpecColumns } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareReadOwnWebhook } from "./own-webhook.ts";
import { inSnapshot } from "./snapshot.ts";

interface JobRow extends SpecColumns, FailureColumns {
  readonly seq: number;
  readonly status: JobStatus;
  readonly fence: number;
  readonly sequence: number;
  readonly step_attempts: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
}

interface StepRow extends FailureColumns {
  readonly position: number;
  readonly plugin: string;
  readonly status: "completed" | "failed";
  readonly started_at: number;
  readonly ended_at: number;
  readonly metrics: string | null;
  readonly output: JsonText | null;
}

export function prepareReadJob(db: DatabaseSync): StoreReads["job"] {
  const findJob = prepare<JobRow>(
    db,
    `SELECT seq, id, name, priority, run_at, created_at, timeout_ms, plugins, metadata, input,
       status, fence, sequence, step_attempts, started_at, ended_at, failure_code, failure_message
     FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE id = ?`,
  );
  const findSteps = prepare<StepRow>(
    db,
    `SELECT position, plugin, status, started_at, ended_at, failure_code, failure_message,
       metrics, output
     FROM steps WHERE job = ? ORDER BY position`,
  );
  const findWebhook = prepareReadOwnWebhook(db, "job");

  function read(id: string): StoredJob | null {
    const row = findJob.get(id);
    if (row === undefined) return null;
    return {
      spec: toSpec(row),
      status: row.status,
      fence: row.fence,
      sequence: row.sequence,
      stepAttempts: row.step_attempts,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      failure: toFailure(row),
      steps: findSteps.all(row.seq).map(toStep),
      webhook: findWebhook(row.seq),
    };
  }

  return async (id) => inSnapshot(db, () => read(id));
}

function toStep(row: StepRow): StepRecord {
  return {
    index: row.position,
    plugin: row.plugin,
    status: row.status,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    metrics: row.metrics === null ? null : (JSON.parse(row.metrics) as StepMetrics),
    output: row.output,
    failure: toFailure(row),
  };
}

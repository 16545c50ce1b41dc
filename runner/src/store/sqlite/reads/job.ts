import type { DatabaseSync } from "node:sqlite";
import type { JobStatus, StepMetrics } from "../../../domain/job-spec.ts";
import type { OutputBound, StoredJob, StoredStep } from "../../../ports/store/jobs.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import {
  toFailure,
  toSpec,
  toWaitingFor,
  type FailureColumns,
  type SpecColumns,
  type WaitingColumns,
} from "../rows.ts";
import { prepare } from "../statement.ts";
import {
  bytesWithin,
  NO_OUTPUTS,
  prepareReadOutputs,
  type OutputColumns,
  type ReadOutput,
} from "./output.ts";
import { prepareReadOwnWebhook } from "./own-webhook.ts";
import { inSnapshot } from "./snapshot.ts";

interface JobRow extends SpecColumns, FailureColumns, WaitingColumns {
  readonly seq: number;
  readonly status: JobStatus;
  readonly fence: number;
  readonly sequence: number;
  readonly step_attempts: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
}

interface StepRow extends FailureColumns, OutputColumns {
  readonly position: number;
  readonly plugin: string;
  readonly status: "completed" | "failed";
  readonly started_at: number;
  readonly ended_at: number;
  readonly metrics: string | null;
}

export function prepareReadJob(db: DatabaseSync): StoreReads["job"] {
  const findJob = prepare<JobRow>(
    db,
    `SELECT seq, id, name, priority, run_at, created_at, timeout_ms, plugins, metadata, input,
       status, fence, sequence, step_attempts, started_at, ended_at, failure_code, failure_message,
       waiting_kind, waiting_on, waiting_since
     FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE seq = ?`,
  );
  const findSteps = prepare<StepRow>(
    db,
    `SELECT id AS step, position, plugin, status, started_at, ended_at, failure_code,
       failure_message, metrics, octet_length(output) AS output_bytes
     FROM steps WHERE job = ? ORDER BY position DESC`,
  );
  const findSize = prepare<{ seq: number; bytes: number }>(
    db,
    `SELECT seq, octet_length(input) + octet_length(plugins) + octet_length(metadata) AS bytes
     FROM jobs JOIN job_specs ON job_specs.job = jobs.seq WHERE id = ?`,
  );
  const findWebhook = prepareReadOwnWebhook(db, "job");
  const readOutputs = prepareReadOutputs(db);

  function read(id: string, bound: OutputBound): StoredJob | null {
    const size = findSize.get(id);
    if (size === undefined) return null;
    const steps = findSteps.all(size.seq);
    bound.reserve?.(size.bytes + bytesWithin(bound, steps));
    const row = findJob.get(size.seq);
    if (row === undefined) return null;
    const readOutput = readOutputs(bound);
    const lastFirst = steps.map((step) => toStep(step, readOutput));
    return {
      spec: toSpec(row),
      status: row.status,
      fence: row.fence,
      sequence: row.sequence,
      stepAttempts: row.step_attempts,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      failure: toFailure(row),
      waitingFor: toWaitingFor(row),
      steps: lastFirst.toReversed(),
      webhook: findWebhook(row.seq),
    };
  }

  return async (id, bound = NO_OUTPUTS) => inSnapshot(db, () => read(id, bound));
}

function toStep(row: StepRow, readOutput: ReadOutput): StoredStep {
  return {
    index: row.position,
    plugin: row.plugin,
    status: row.status,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    metrics: row.metrics === null ? null : (JSON.parse(row.metrics) as StepMetrics),
    ...readOutput(row),
    failure: toFailure(row),
  };
}

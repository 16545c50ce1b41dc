import type { DatabaseSync } from "node:sqlite";
import type { RunningJob } from "../../../domain/job.ts";
import {
  toCompletedStep,
  toFailedAttempts,
  toSpec,
  type SpecColumns,
  type StepColumns,
} from "../../shared/rows.ts";
import { prepare } from "../statement.ts";

/** A job that can be claimed. */
export interface ReadyRow extends SpecColumns {
  readonly seq: number;
  readonly fence: number;
  readonly sequence: number;
  readonly step_attempts: number;
  readonly failed_attempts: number;
  readonly failed_ms: number;
  readonly completed_steps: number;
  readonly started_at: number | null;
}

interface Lease {
  readonly owner: string;
  readonly now: number;
  readonly leaseUntil: number;
}

/** Claims a job that is queued. */
export function prepareLeaseJob(db: DatabaseSync): (row: ReadyRow, request: Lease) => RunningJob {
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

  return (row, request) => {
    const fence = row.fence + 1;
    const stepAttempts = row.step_attempts + 1;
    const startedAt = row.started_at ?? request.now;
    lease.run(fence, stepAttempts, startedAt, request.owner, request.leaseUntil, row.seq);
    return {
      ...toSpec(row),
      fence,
      owner: request.owner,
      sequence: row.sequence,
      stepAttempts,
      ...toFailedAttempts(row),
      startedAt,
      completedSteps: row.completed_steps === 0 ? [] : findSteps.all(row.seq).map(toCompletedStep),
    };
  };
}

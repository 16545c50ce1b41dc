import type { DatabaseSync } from "node:sqlite";
import { hasEnded } from "../../../domain/job.ts";
import type { Progress, StepRecord } from "../../../domain/transition.ts";
import type { JobStatus } from "../../../domain/job-spec.ts";
import { openRoom } from "../../shared/hand-over.ts";
import { stepValues } from "../../shared/step-values.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareRetryStep } from "./retry-step.ts";
import { prepareEmitEvent } from "./emit-event.ts";
import { prepareFindErrorGroup } from "./error-group.ts";
import { prepareEndScheduledJob } from "./end-scheduled-job.ts";
import { prepareInsertFile } from "./files.ts";
import { NOT_WAITING } from "./waits.ts";

interface JobRow {
  readonly seq: number;
  readonly status: JobStatus;
  readonly fence: number;
  readonly lease_owner: string | null;
  readonly sequence: number;
  readonly trace_context: string | null;
}

export function prepareCommitTransition(db: DatabaseSync): Operations["commitTransition"] {
  const find = prepare<JobRow>(
    db,
    `SELECT seq, status, fence, lease_owner, sequence, trace_context FROM jobs WHERE id = ?`,
  );
  const moveJob = prepareMoveJob(db);
  const retryStep = prepareRetryStep(db);
  const insertStep = prepareInsertStep(db);
  const insertFile = prepareInsertFile(db);
  const emitEvent = prepareEmitEvent(db);
  const endScheduledJob = prepareEndScheduledJob(db);

  return (claim, transition, handOver) => {
    const job = find.get(claim.jobId);
    if (job === undefined || hasEnded(job.status)) return false;
    if (job.fence !== claim.fence || job.lease_owner !== claim.owner) return false;
    // If a change was lost with the writer thread, refuse what follows it, so that no gap arises.
    if (transition.status === "queued") {
      if (job.status !== "running" || transition.sequence !== job.sequence) return false;
      retryStep(job.seq, transition);
      return true;
    }
    if (transition.sequence !== job.sequence + transition.events.length) return false;
    moveJob(job, transition);
    endScheduledJob(claim.jobId, transition);
    if (transition.step !== undefined) insertStep(job.seq, transition.step);
    for (const file of transition.files ?? []) {
      insertFile({ ...file, expiresAt: null }, job.seq);
    }
    const room = handOver === undefined ? null : openRoom(handOver);
    for (const event of transition.events) emitEvent({ ...job, id: claim.jobId }, event, room);
    return room?.result() ?? true;
  };
}

function prepareMoveJob(db: DatabaseSync) {
  // Without a change of status no index has another row or value.
  const advance = prepare(
    db,
    `UPDATE jobs SET sequence = ?1, completed_steps = completed_steps + ?2,
       step_attempts = iif(?2, 1, step_attempts), failed_attempts = iif(?2, 0, failed_attempts),
       failed_ms = iif(?2, 0, failed_ms)
     WHERE seq = ?3`,
  );
  const change = prepare(
    db,
    `UPDATE jobs SET status = ?4, sequence = ?1, completed_steps = completed_steps + ?2,
       step_attempts = iif(?2, 1, step_attempts), failed_attempts = iif(?2, 0, failed_attempts),
       failed_ms = iif(?2, 0, failed_ms), ended_at = ?5,
       failure_code = ?6, failure_message = ?7, error_group = ?8,
       lease_owner = NULL, lease_until = NULL, ${NOT_WAITING}
     WHERE seq = ?3`,
  );
  const findErrorGroup = prepareFindErrorGroup(db);
  return (job: JobRow, transition: Progress): void => {
    const { status, sequence, step, endedAt, failure, errorGroup } = transition;
    const completed = step?.status === "completed" ? 1 : 0;
    if (status === job.status) {
      advance.run(sequence, completed, job.seq);
      return;
    }
    change.run(
      sequence,
      completed,
      job.seq,
      status,
      endedAt ?? null,
      failure?.code ?? null,
      failure?.message ?? null,
      errorGroup === undefined ? null : findErrorGroup(errorGroup, endedAt ?? 0),
    );
  };
}

function prepareInsertStep(db: DatabaseSync) {
  const insert = prepare(
    db,
    `INSERT INTO steps (job, position, plugin, status, started_at, ended_at,
       failure_code, failure_message, metrics, output)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return (job: number, step: StepRecord): void => {
    insert.run(job, ...stepValues(step));
  };
}

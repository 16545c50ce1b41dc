import type { DatabaseSync } from "node:sqlite";
import { hasEnded, type StepRecord, type Transition } from "../../../domain/job.ts";
import type { JobStatus } from "../../../domain/job-spec.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareEmitEvent } from "./emit-event.ts";
import { NOT_WAITING } from "./waits.ts";

interface JobRow {
  readonly seq: number;
  readonly status: JobStatus;
  readonly fence: number;
  readonly sequence: number;
}

export function prepareCommitTransition(db: DatabaseSync): Operations["commitTransition"] {
  const find = prepare<JobRow>(db, `SELECT seq, status, fence, sequence FROM jobs WHERE id = ?`);
  const moveJob = prepareMoveJob(db);
  const insertStep = prepareInsertStep(db);
  const emitEvent = prepareEmitEvent(db);

  return (claim, transition) => {
    const job = find.get(claim.jobId);
    if (job === undefined || hasEnded(job.status) || job.fence !== claim.fence) return false;
    // If a change was lost with the writer thread, refuse what follows it, so that no gap arises.
    if (transition.sequence !== job.sequence + transition.events.length) return false;
    moveJob(job, transition);
    if (transition.step !== undefined) insertStep(job.seq, transition.step);
    for (const event of transition.events) emitEvent(job.seq, event);
    return true;
  };
}

function prepareMoveJob(db: DatabaseSync) {
  // Without a change of status no indexed column changes, so no index is written.
  const advance = prepare(
    db,
    `UPDATE jobs SET sequence = ?1, completed_steps = completed_steps + ?2,
       step_attempts = iif(?2, 1, step_attempts)
     WHERE seq = ?3`,
  );
  const change = prepare(
    db,
    `UPDATE jobs SET status = ?4, sequence = ?1, completed_steps = completed_steps + ?2,
       step_attempts = iif(?2, 1, step_attempts), ended_at = ?5,
       failure_code = ?6, failure_message = ?7,
       lease_owner = NULL, lease_until = NULL, ${NOT_WAITING}
     WHERE seq = ?3`,
  );
  return (job: JobRow, { status, sequence, step, endedAt, failure }: Transition): void => {
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
    insert.run(
      job,
      step.index,
      step.plugin,
      step.status,
      step.startedAt,
      step.endedAt,
      step.failure?.code ?? null,
      step.failure?.message ?? null,
      step.metrics === null ? null : JSON.stringify(step.metrics),
      step.output,
    );
  };
}

import type { DatabaseSync } from "node:sqlite";
import { pluginNames } from "../../../domain/job.ts";
import type { Idempotency, NewJob } from "../../../ports/store/jobs.ts";
import { prepare } from "../statement.ts";
import { prepareInsertWebhook } from "./insert-webhook.ts";

export interface KnownJob {
  readonly seq: number;
  readonly id: string;
  readonly sameRequest: boolean;
}

/** What submitting a job has in common with submitting a batch. */
export interface JobAdmission {
  /** Returns the job that was stored with this idempotency key. */
  findByKey(idempotency: Idempotency | null): KnownJob | null;
  countQueued(): number;
  /** Stores the job as queued. Returns its `seq`. */
  insert(job: NewJob): number;
}

export function prepareJobAdmission(db: DatabaseSync): JobAdmission {
  const findKey = prepare<{ seq: number; id: string; fingerprint: string }>(
    db,
    `SELECT seq, id, fingerprint FROM job_specs JOIN jobs ON jobs.seq = job_specs.job
     WHERE idempotency_key = ?`,
  );
  const countQueued = prepare<{ count: number }>(
    db,
    `SELECT count FROM job_counts WHERE status = 'queued'`,
  );
  return {
    findByKey(idempotency) {
      const known = idempotency === null ? undefined : findKey.get(idempotency.key);
      if (known === undefined) return null;
      const sameRequest = known.fingerprint === idempotency?.fingerprint;
      return { seq: known.seq, id: known.id, sameRequest };
    },
    countQueued: () => countQueued.get()?.count ?? 0,
    insert: prepareInsert(db),
  };
}

function prepareInsert(db: DatabaseSync): JobAdmission["insert"] {
  const insertJob = prepare(
    db,
    `INSERT INTO jobs (id, name, status, priority, run_at, due, created_at)
     VALUES (?, ?, 'queued', ?, ?, ?, ?)`,
  );
  const insertSpec = prepare(
    db,
    `INSERT INTO job_specs (job, plugin_names, timeout_ms, idempotency_key, fingerprint,
       plugins, metadata, input)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertWebhook = prepareInsertWebhook(db);

  return (job) => {
    const { id, name, priority, runAt, createdAt } = job;
    const due = runAt <= createdAt ? 1 : 0;
    const row = insertJob.run(id, name, priority, runAt, due, createdAt);
    const seq = Number(row.lastInsertRowid);
    insertSpec.run(
      seq,
      JSON.stringify(pluginNames(job)),
      job.timeoutMs,
      job.idempotency?.key ?? null,
      job.idempotency?.fingerprint ?? null,
      JSON.stringify(job.plugins),
      job.metadata,
      job.input,
    );
    if (job.webhook !== null) insertWebhook(job.webhook, { job: seq });
    return seq;
  };
}

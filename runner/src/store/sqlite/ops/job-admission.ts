import type { DatabaseSync } from "node:sqlite";
import { pluginNames } from "../../../domain/job.ts";
import { toTraceText } from "../../../domain/trace-context.ts";
import type { Idempotency, NewJob } from "../../../ports/store/jobs.ts";
import type { LimitFull } from "../../shared/limit-queue.ts";
import { toLimitColumns } from "../../shared/limit-columns.ts";
import { prepare } from "../statement.ts";
import { prepareHoldFiles } from "./files.ts";
import { prepareJobKeys } from "./job-keys.ts";
import { prepareInsertWebhook } from "./insert-webhook.ts";
import { prepareEnsureLimits } from "./limits.ts";
import { prepareFindFullLimit } from "./limit-queue.ts";
import { prepareFindPluginSet } from "./plugin-set.ts";

export interface KnownJob {
  readonly seq: number;
  readonly id: string;
  readonly sameRequest: boolean;
  /** Whether the request got a job that was there already. */
  readonly joined: boolean;
}

/** The first claim of a job. */
export interface JobLease {
  readonly owner: string;
  readonly leaseUntil: number;
}

/** What submitting a job has in common with submitting a batch. */
export interface JobAdmission {
  /** Returns the job that was stored with this idempotency key. */
  findByKey(idempotency: Idempotency | null): KnownJob | null;
  countQueued(): number;
  /** The first limit for which the jobs may not wait, or null. */
  fullLimit(jobs: readonly NewJob[]): LimitFull | null;
  /** Returns a file that the job names and that does not exist, or null. */
  missingFile(job: NewJob): string | null;
  /** Whether a job that was submitted before can be claimed. */
  isOtherReady(): boolean;
  /** Stores the job as queued or, with a lease, as running. Returns its `seq`. */
  insert(job: NewJob, lease?: JobLease | null): number;
}

export function prepareJobAdmission(db: DatabaseSync): JobAdmission {
  const findKey = prepare<{ seq: number; id: string; fingerprint: string; joined: 0 | 1 }>(
    db,
    `SELECT seq, id, fingerprint, 0 AS joined FROM job_specs JOIN jobs ON jobs.seq = job_specs.job
     WHERE idempotency_key = ?1
     UNION ALL
     SELECT seq, id, fingerprint, 1 FROM joined_requests JOIN jobs ON jobs.seq = joined_requests.job
     WHERE idempotency_key = ?1`,
  );
  const countQueued = prepare<{ count: number }>(
    db,
    `SELECT count FROM job_counts WHERE status = 'queued'`,
  );
  const findReady = prepare(
    db,
    `SELECT 1 FROM jobs INDEXED BY jobs_ready
     WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NULL LIMIT 1`,
  );
  const hold = prepareHoldFiles(db);
  return {
    findByKey(idempotency) {
      const known = idempotency === null ? undefined : findKey.get(idempotency.key);
      if (known === undefined) return null;
      const sameRequest = known.fingerprint === idempotency?.fingerprint;
      return { seq: known.seq, id: known.id, sameRequest, joined: known.joined === 1 };
    },
    isOtherReady: () => findReady.get() !== undefined,
    countQueued: () => countQueued.get()?.count ?? 0,
    fullLimit: prepareFindFullLimit(db),
    missingFile: ({ files = [] }) => files.find((id) => hold.find(id) === null) ?? null,
    insert: prepareInsert(db, hold),
  };
}

function prepareInsert(
  db: DatabaseSync,
  hold: ReturnType<typeof prepareHoldFiles>,
): JobAdmission["insert"] {
  const insertJob = prepare(
    db,
    `INSERT INTO jobs (id, name, status, priority, run_at, due, created_at, plugin_set,
       fence, step_attempts, started_at, lease_owner, lease_until, limits, limit_name, limit_key,
       blocked_since, trace_context)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertSpec = prepare(
    db,
    `INSERT INTO job_specs (job, plugin_names, timeout_ms, idempotency_key, fingerprint,
       plugins, metadata, input, retry, schedule)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertTag = prepare(db, `INSERT INTO job_tags (tag, created_at, job) VALUES (?, ?, ?)`);
  const insertWebhook = prepareInsertWebhook(db);
  const keys = prepareJobKeys(db);
  const ensureLimits = prepareEnsureLimits(db);
  const findPluginSet = prepareFindPluginSet(db);

  return (job, lease = null) => {
    const { id, name, priority, runAt, createdAt } = job;
    const due = runAt <= createdAt ? 1 : 0;
    const plugins = pluginNames(job);
    const set = findPluginSet(plugins);
    const claims = lease === null ? 0 : 1;
    const limit = toLimitColumns(job);
    if (job.declaredLimits !== undefined) ensureLimits(job.declaredLimits);
    const row = insertJob.run(
      id,
      name,
      lease === null ? "queued" : "running",
      priority,
      runAt,
      due,
      createdAt,
      set,
      claims,
      claims,
      lease === null ? null : createdAt,
      lease?.owner ?? null,
      lease?.leaseUntil ?? null,
      limit.limits,
      limit.name,
      limit.key,
      limit.blockedSince,
      job.trace === undefined ? null : toTraceText(job.trace),
    );
    const seq = Number(row.lastInsertRowid);
    insertSpec.run(
      seq,
      JSON.stringify(plugins),
      job.timeoutMs,
      job.idempotency?.key ?? null,
      job.idempotency?.fingerprint ?? null,
      JSON.stringify(job.plugins),
      job.metadata,
      job.input,
      job.retry === undefined ? null : JSON.stringify(job.retry),
      job.schedule === undefined ? null : JSON.stringify(job.schedule),
    );
    if (job.webhook !== null) insertWebhook(job.webhook, { job: seq });
    for (const file of job.files ?? []) hold.add(seq, file);
    for (const tag of job.tags ?? []) insertTag.run(tag, createdAt, seq);
    if (job.key !== undefined) keys.give(seq, job.key);
    return seq;
  };
}

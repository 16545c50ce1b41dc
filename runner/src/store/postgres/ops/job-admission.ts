/** What submitting a job has in common with submitting a batch. */
import { pluginNames } from "../../../domain/job.ts";
import type { Idempotency, NewJob, SubmitOutcome } from "../../../ports/store/jobs.ts";
import { toLimitColumns } from "../../shared/limit-columns.ts";
import type { Transaction, Turn } from "../transaction.ts";
import { holdFiles } from "./files.ts";
import { addVacancy, ensureLimits } from "./limits.ts";
import { insertWebhook } from "./insert-webhook.ts";
import { findPluginSet, type KnownPluginSets } from "./plugin-set.ts";

/** What an idempotency key stands for. */
export interface KeyHolder {
  readonly id: string;
  readonly fingerprint: string;
}

export async function findByKey(
  tx: Transaction,
  kind: "job" | "batch",
  key: string,
): Promise<KeyHolder | undefined> {
  const [row] = await tx.query<KeyHolder>(
    `SELECT subject_id AS id, fingerprint FROM idempotency_keys WHERE kind = $1 AND key = $2`,
    [kind, key],
  );
  return row;
}

/** Returns false if another daemon has stored the key since it was looked for. */
export async function takeKey(
  tx: Transaction,
  kind: "job" | "batch",
  { id, key, fingerprint }: Idempotency & { readonly id: string },
): Promise<boolean> {
  const taken = await tx.query(
    `INSERT INTO idempotency_keys (kind, key, subject_id, fingerprint) VALUES ($1, $2, $3, $4)
     ON CONFLICT DO NOTHING RETURNING key`,
    [kind, key, id, fingerprint],
  );
  return taken.length > 0;
}

export function toDuplicate(known: KeyHolder, { fingerprint }: Idempotency): SubmitOutcome {
  return { kind: "duplicate", id: known.id, sameRequest: known.fingerprint === fingerprint };
}

/** Stores the job as queued. */
export async function insertJob(
  tx: Transaction,
  job: NewJob,
  { known, turn }: { readonly known: KnownPluginSets; readonly turn?: Turn },
): Promise<void> {
  const { id, name, priority, runAt, createdAt } = job;
  const plugins = pluginNames(job);
  const set = await findPluginSet(tx, known, plugins);
  const limit = toLimitColumns(job);
  await turn?.ready;
  const inserting = tx.query<{ seq: number }>(
    `WITH job AS (
       INSERT INTO jobs (id, name, status, priority, run_at, due, created_at, plugin_set, limits,
         limit_name, limit_key, blocked_since)
       VALUES ($1, $2, 'queued', $3, $4, $5, $6, $7, $15, $16, $17, $18) RETURNING seq
     ), spec AS (
       INSERT INTO job_specs (job, plugin_names, timeout_ms, plugins, metadata, input, retry,
         schedule)
       SELECT seq, $8::text[], $9::bigint, $10, $11, $12, $13, $14 FROM job
     )
     SELECT seq FROM job`,
    [
      id,
      name,
      priority,
      runAt,
      runAt <= createdAt,
      createdAt,
      set,
      plugins,
      job.timeoutMs,
      JSON.stringify(job.plugins),
      job.metadata,
      job.input,
      job.retry === undefined ? null : JSON.stringify(job.retry),
      job.schedule === undefined ? null : JSON.stringify(job.schedule),
      limit.limits,
      limit.name,
      limit.key,
      limit.blockedSince,
    ],
  );
  turn?.done();
  const [row] = await inserting;
  tx.count({ kind: "job", state: "queued" }, 1);
  if (job.declaredLimits !== undefined) await ensureLimits(tx, job.declaredLimits);
  if (limit.name !== null) await addVacancy(tx, { name: limit.name, key: limit.key ?? "" });
  if (row === undefined) return;
  if (job.webhook !== null) await insertWebhook(tx, job.webhook, { job: row.seq });
  await holdFiles(tx, row.seq, job.files ?? []);
  if (job.tags !== undefined) {
    await tx.query(
      `INSERT INTO job_tags (tag, created_at, job) SELECT tag, $2, $3 FROM unnest($1::text[]) AS tag`,
      [job.tags, createdAt, row.seq],
    );
  }
}

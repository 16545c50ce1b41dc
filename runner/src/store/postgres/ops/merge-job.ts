import type { NewJob } from "../../../ports/store/jobs.ts";
import { toLimitColumns } from "../../shared/limit-columns.ts";
import type { Operation } from "../change.ts";
import { Conflict } from "../store-error.ts";
import type { Transaction } from "../transaction.ts";
import { deleteUnusedDestinations } from "./delete-rows.ts";
import { findMissingFile, holdFiles } from "./files.ts";
import { insertWebhook } from "./insert-webhook.ts";
import { findByKey, takeKey } from "./job-admission.ts";
import { addVacancy, ensureLimits } from "./limits.ts";

interface Found {
  readonly seq: number;
  readonly created_at: number;
  readonly limit_name: string | null;
  readonly limit_key: string | null;
}

/** The group has locked the job's row. */
export const mergeJob: Operation<"mergeJob"> = async (
  tx,
  { jobId, fence },
  { job, identity, now, idempotency },
) => {
  const [found] = await tx.query<Found>(
    `SELECT seq, created_at, limit_name, limit_key
     FROM jobs JOIN job_keys ON job_keys.job = jobs.seq
     WHERE id = $1 AND fence = $2 AND status = 'queued' AND sequence = 0 AND step_attempts = 0
       AND identity = $3`,
    [jobId, fence, identity],
  );
  if (found === undefined) return { kind: "changed" };
  if (idempotency !== null && (await findByKey(tx, "job", idempotency.key)) !== undefined) {
    return { kind: "changed" };
  }
  const missing = await findMissingFile(tx, job.files ?? []);
  if (missing !== null) return { kind: "no-file", id: missing };
  if (idempotency !== null) {
    const isNew = await takeKey(tx, "job", { id: jobId, ...idempotency, joined: true });
    // Another daemon has stored it since it was looked for: begin again, and find it.
    if (!isNew) throw new Conflict(`Another daemon has stored the key ${idempotency.key}.`);
  }
  await updateJob(tx, found, { job, now });
  await tx.query(`UPDATE job_keys SET merged = merged + 1 WHERE job = $1`, [found.seq]);
  return { kind: "merged" };
};

async function updateJob(
  tx: Transaction,
  { seq, created_at: createdAt, ...old }: Found,
  { job, now }: { readonly job: NewJob; readonly now: number },
): Promise<void> {
  const limit = toLimitColumns(job);
  if (job.declaredLimits !== undefined) await ensureLimits(tx, job.declaredLimits);
  await tx.query(
    `UPDATE jobs SET name = $2, priority = $3, run_at = $4, due = $5, fence = fence + 1, limits = $6,
       limit_name = $7, limit_key = $8, blocked_since = $9, waiting_kind = NULL, waiting_on = NULL,
       waiting_since = NULL
     WHERE seq = $1`,
    [
      seq,
      job.name,
      job.priority,
      job.runAt,
      job.runAt <= now,
      limit.limits,
      limit.name,
      limit.key,
      limit.blockedSince,
    ],
  );
  // It may have had a slot, and may wait for another one.
  for (const [name, key] of [
    [old.limit_name, old.limit_key],
    [limit.name, limit.key],
  ] as const) {
    if (name !== null) await addVacancy(tx, { name, key: key ?? "" });
  }
  await tx.query(
    `UPDATE job_specs SET timeout_ms = $2, plugins = $3, metadata = $4, input = $5, retry = $6
     WHERE job = $1`,
    [
      seq,
      job.timeoutMs,
      JSON.stringify(job.plugins),
      job.metadata,
      job.input,
      job.retry === undefined ? null : JSON.stringify(job.retry),
    ],
  );
  await replaceWebhook(tx, seq, job.webhook);
  await tx.query(`DELETE FROM job_tags WHERE job = $1`, [seq]);
  if (job.tags !== undefined) {
    await tx.query(
      `INSERT INTO job_tags (tag, created_at, job) SELECT tag, $2, $3 FROM unnest($1::text[]) AS tag`,
      [job.tags, createdAt, seq],
    );
  }
  await holdFiles(tx, seq, job.files ?? []);
}

async function replaceWebhook(
  tx: Transaction,
  job: number,
  webhook: NewJob["webhook"],
): Promise<void> {
  const [known] = await tx.query<{ id: string; destination: number; key: string | null }>(
    `SELECT webhooks.id, destination, key
     FROM webhooks LEFT JOIN destinations ON destinations.id = destination WHERE job = $1`,
    [job],
  );
  if (known?.id === webhook?.id) return;
  const mayEnd = known !== undefined && known.key !== webhook?.destination.key;
  // Another daemon may have found the destination, and not yet stored the webhook it found it for.
  if (mayEnd) tx.needExclusive();
  // Before the other is deleted: with its last webhook, a destination is deleted too.
  if (webhook !== null) await insertWebhook(tx, webhook, { job });
  if (known === undefined) return;
  await tx.query(`DELETE FROM webhooks WHERE id = $1`, [known.id]);
  if (mayEnd) await deleteUnusedDestinations(tx, [known.destination]);
}

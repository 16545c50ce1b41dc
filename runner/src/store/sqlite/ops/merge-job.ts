import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { toLimitColumns } from "../../shared/limit-columns.ts";
import { prepare } from "../statement.ts";
import { prepareHoldFiles } from "./files.ts";
import { prepareInsertWebhook } from "./insert-webhook.ts";
import { prepareJobAdmission } from "./job-admission.ts";
import { prepareJobKeys } from "./job-keys.ts";
import { prepareEnsureLimits } from "./limits.ts";
import { NOT_WAITING } from "./waits.ts";

export function prepareMergeJob(db: DatabaseSync): Operations["mergeJob"] {
  const find = prepare<{ seq: number; created_at: number }>(
    db,
    `SELECT seq, created_at FROM jobs JOIN job_keys ON job_keys.job = jobs.seq
     WHERE id = ? AND fence = ? AND status = 'queued' AND sequence = 0 AND step_attempts = 0
       AND identity = ?`,
  );
  const updateJob = prepare(
    db,
    `UPDATE jobs SET name = ?, priority = ?, run_at = ?, due = ?, fence = fence + 1, limits = ?,
       limit_name = ?, limit_key = ?, blocked_since = ?, ${NOT_WAITING}
     WHERE seq = ?`,
  );
  const updateSpec = prepare(
    db,
    `UPDATE job_specs SET timeout_ms = ?, plugins = ?, metadata = ?, input = ?, retry = ?
     WHERE job = ?`,
  );
  const findWebhook = prepare<{ id: string }>(db, `SELECT id FROM webhooks WHERE job = ?`);
  const deleteWebhook = prepare(db, `DELETE FROM webhooks WHERE id = ?`);
  const deleteTags = prepare(db, `DELETE FROM job_tags WHERE job = ?`);
  const insertTag = prepare(db, `INSERT INTO job_tags (tag, created_at, job) VALUES (?, ?, ?)`);
  const admission = prepareJobAdmission(db);
  const insertWebhook = prepareInsertWebhook(db);
  const ensureLimits = prepareEnsureLimits(db);
  const hold = prepareHoldFiles(db);
  const keys = prepareJobKeys(db);

  return ({ jobId, fence }, { job, identity, now, idempotency }) => {
    const found = find.get(jobId, fence, identity);
    if (found === undefined || admission.findByKey(idempotency) !== null) {
      return { kind: "changed" };
    }
    const missing = admission.missingFile(job);
    if (missing !== null) return { kind: "no-file", id: missing };
    const { seq, created_at: createdAt } = found;
    const limit = toLimitColumns(job);
    if (job.declaredLimits !== undefined) ensureLimits(job.declaredLimits);
    updateJob.run(
      job.name,
      job.priority,
      job.runAt,
      job.runAt <= now ? 1 : 0,
      limit.limits,
      limit.name,
      limit.key,
      limit.blockedSince,
      seq,
    );
    updateSpec.run(
      job.timeoutMs,
      JSON.stringify(job.plugins),
      job.metadata,
      job.input,
      job.retry === undefined ? null : JSON.stringify(job.retry),
      seq,
    );
    const webhook = findWebhook.get(seq)?.id;
    if (webhook !== job.webhook?.id) {
      // Before the other is deleted: with its last webhook, a destination is deleted too.
      if (job.webhook !== null) insertWebhook(job.webhook, { job: seq });
      if (webhook !== undefined) deleteWebhook.run(webhook);
    }
    deleteTags.run(seq);
    for (const tag of job.tags ?? []) insertTag.run(tag, createdAt, seq);
    for (const file of job.files ?? []) hold.add(seq, file);
    keys.countMerged(seq);
    keys.join(seq, idempotency);
    return { kind: "merged" };
  };
}

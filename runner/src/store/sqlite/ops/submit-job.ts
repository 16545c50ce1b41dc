import type { DatabaseSync } from "node:sqlite";
import { pluginNames } from "../../../domain/job.ts";
import type { JobWebhook, NewJob } from "../../../ports/store.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareSubmitJob(db: DatabaseSync): Operations["submitJob"] {
  const findKey = prepare<{ id: string; fingerprint: string }>(
    db,
    `SELECT jobs.id, fingerprint FROM job_specs JOIN jobs ON jobs.seq = job_specs.job
     WHERE idempotency_key = ?`,
  );
  const countQueued = prepare<{ count: number }>(
    db,
    `SELECT count FROM job_counts WHERE status = 'queued'`,
  );
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

  function insert(job: NewJob): void {
    const due = job.runAt <= job.createdAt ? 1 : 0;
    const { lastInsertRowid: seq } = insertJob.run(
      job.id,
      job.name,
      job.priority,
      job.runAt,
      due,
      job.createdAt,
    );
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
    if (job.webhook !== null) insertWebhook(seq, job.webhook);
  }

  return (job, { maxQueued }) => {
    if (job.idempotency !== null) {
      const known = findKey.get(job.idempotency.key);
      if (known !== undefined) {
        const sameRequest = known.fingerprint === job.idempotency.fingerprint;
        return { kind: "duplicate", jobId: known.id, sameRequest };
      }
    }
    const queued = countQueued.get()?.count ?? 0;
    if (queued >= maxQueued) return { kind: "queue-full", queued };
    insert(job);
    return { kind: "accepted" };
  };
}

function prepareInsertWebhook(db: DatabaseSync) {
  const insert = prepare(
    db,
    `INSERT INTO webhooks (id, job, url, kinds, retries, headers) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  return (job: number | bigint, webhook: JobWebhook): void => {
    const kinds = webhook.on === null ? null : JSON.stringify(webhook.on);
    const headers = JSON.stringify(webhook.headers);
    insert.run(webhook.id, job, webhook.url, kinds, webhook.retries, headers);
  };
}

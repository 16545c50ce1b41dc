import type { DatabaseSync } from "node:sqlite";
import type { NewBatch } from "../../../ports/store/batches.ts";
import type { NewJob, SubmitOutcome } from "../../../ports/store/jobs.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareInsertWebhook } from "./insert-webhook.ts";
import { prepareJobAdmission, type JobAdmission } from "./job-admission.ts";

/** A job of a batch: one that is stored already, or a new one. */
type Member = { readonly seq: number } | { readonly job: NewJob };

export function prepareSubmitBatch(db: DatabaseSync): Operations["submitBatch"] {
  const findKey = prepare<{ id: string; fingerprint: string }>(
    db,
    `SELECT id, fingerprint FROM batches WHERE idempotency_key = ?`,
  );
  const admission = prepareJobAdmission(db);
  const insertBatch = prepareInsertBatch(db, admission);

  return (batch, { maxQueued }) => {
    if (batch.idempotency !== null) {
      const { key, fingerprint } = batch.idempotency;
      const known = findKey.get(key);
      if (known !== undefined) {
        return { kind: "duplicate", id: known.id, sameRequest: known.fingerprint === fingerprint };
      }
    }
    // Check everything before storing anything: all or none.
    const members = toMembers(batch.jobs, admission);
    if ("kind" in members) return members;
    const queued = admission.countQueued();
    const added = new Set(members.flatMap((member) => ("job" in member ? [member.job] : [])));
    if (added.size > 0 && queued + added.size > maxQueued) return { kind: "queue-full", queued };
    const full = admission.fullLimit([...added]);
    if (full !== null) return full;
    for (const job of added) {
      const missing = admission.missingFile(job);
      if (missing !== null) return { kind: "no-file", id: missing };
    }
    insertBatch(batch, members);
    return { kind: "accepted" };
  };
}

/** Returns the jobs in the order of the request, one per key, or why the batch is refused. */
function toMembers(jobs: readonly NewJob[], admission: JobAdmission): Member[] | SubmitOutcome {
  const newByKey = new Map<string, NewJob>();
  const members: Member[] = [];
  for (const job of jobs) {
    const known = admission.findByKey(job.idempotency);
    if (known?.sameRequest === false) {
      return { kind: "duplicate", id: known.id, sameRequest: false };
    }
    const key = job.idempotency?.key;
    const twin = key === undefined ? undefined : newByKey.get(key);
    if (twin !== undefined && twin.idempotency?.fingerprint !== job.idempotency?.fingerprint) {
      return { kind: "duplicate", id: twin.id, sameRequest: false };
    }
    if (key !== undefined && twin === undefined) newByKey.set(key, job);
    members.push(known === null ? { job: twin ?? job } : { seq: known.seq });
  }
  return members;
}

function prepareInsertBatch(db: DatabaseSync, admission: JobAdmission) {
  const insert = prepare(
    db,
    `INSERT INTO batches (id, created_at, open_jobs, idempotency_key, fingerprint)
     VALUES (?, ?, 0, ?, ?)`,
  );
  const insertMember = prepare(
    db,
    `INSERT INTO batch_jobs (batch, position, job) VALUES (?, ?, ?)`,
  );
  const countOpen = prepare(
    db,
    `UPDATE batches SET
       open_jobs = (
         SELECT count(*) FROM jobs
         WHERE ended_at IS NULL AND seq IN (SELECT job FROM batch_jobs WHERE batch = batches.seq)
       ),
       (jobs, completed_jobs, failed_jobs) = (
         SELECT count(*), count(*) FILTER (WHERE status = 'completed'),
           count(*) FILTER (WHERE status = 'failed')
         FROM batch_jobs CROSS JOIN jobs ON jobs.seq = batch_jobs.job WHERE batch = batches.seq
       )
     WHERE seq = ?`,
  );
  const insertWebhook = prepareInsertWebhook(db);

  return ({ id, createdAt, idempotency, webhook }: NewBatch, members: readonly Member[]): void => {
    const { key = null, fingerprint = null } = idempotency ?? {};
    const row = insert.run(id, createdAt, key, fingerprint);
    const batch = Number(row.lastInsertRowid);
    const stored = new Map<NewJob, number>();
    for (const [position, member] of members.entries()) {
      const seq =
        "seq" in member ? member.seq : (stored.get(member.job) ?? admission.insert(member.job));
      if ("job" in member) stored.set(member.job, seq);
      insertMember.run(batch, position, seq);
    }
    countOpen.run(batch);
    if (webhook !== null) insertWebhook(webhook, { batch });
  };
}

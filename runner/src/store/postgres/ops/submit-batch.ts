import type { NewBatch } from "../../../ports/store/batches.ts";
import type { NewJob, SubmitOutcome } from "../../../ports/store/jobs.ts";
import type { Operation } from "../change.ts";
import { together } from "../together.ts";
import type { Transaction } from "../transaction.ts";
import { Conflict } from "../store-error.ts";
import { findMissingFile } from "./files.ts";
import { findFullLimit } from "./limit-queue.ts";
import { insertWebhook } from "./insert-webhook.ts";
import { insertJob } from "./insert-job.ts";
import { findByKey, takeKey, toDuplicate, type KeyHolder } from "./job-admission.ts";
import type { KnownPluginSets } from "./plugin-set.ts";

/** A job of a batch: one that is stored already, or a new one. */
type Member = { readonly id: string } | { readonly job: NewJob };

export function createSubmitBatch(known: KnownPluginSets): Operation<"submitBatch"> {
  return async (tx, batch, { maxQueued }) => {
    const { id, idempotency } = batch;
    const holder = idempotency === null ? undefined : await findByKey(tx, "batch", idempotency.key);
    if (idempotency !== null && holder !== undefined) return toDuplicate(holder, idempotency);
    // Check everything before storing anything: all or none.
    const members = toMembers(batch.jobs, await findHolders(tx, batch.jobs));
    if ("kind" in members) return members;
    const added = [...new Set(members.flatMap((member) => ("job" in member ? [member.job] : [])))];
    const queued = tx.queued();
    if (added.length > 0 && queued + added.length > maxQueued)
      return { kind: "queue-full", queued };
    const full = await findFullLimit(tx, added);
    if (full !== null) return full;
    const missing = await findMissingFile(
      tx,
      added.flatMap(({ files = [] }) => files),
    );
    if (missing !== null) return { kind: "no-file", id: missing };
    if (idempotency !== null && !(await takeKey(tx, "batch", { id, ...idempotency }))) {
      const other = await findByKey(tx, "batch", idempotency.key);
      if (other !== undefined) return toDuplicate(other, idempotency);
    }
    for (const job of added) {
      const key = job.idempotency;
      // Another daemon has stored a job with the key since: begin again, and find that job.
      if (key !== null && !(await takeKey(tx, "job", { id: job.id, ...key }))) {
        throw new Conflict(`Another daemon has stored the key ${key.key}.`);
      }
    }
    await together(added.map((job) => insertJob(tx, job, { known })));
    await insertBatch(tx, batch, members);
    return { kind: "accepted" };
  };
}

async function findHolders(
  tx: Transaction,
  jobs: readonly NewJob[],
): Promise<ReadonlyMap<string, KeyHolder>> {
  const keys = jobs.flatMap(({ idempotency }) => idempotency?.key ?? []);
  if (keys.length === 0) return new Map();
  const rows = await tx.query<KeyHolder & { readonly key: string }>(
    `SELECT key, subject_id AS id, fingerprint, joined FROM idempotency_keys
     WHERE kind = 'job' AND key = ANY ($1::text[])`,
    [keys],
  );
  return new Map(rows.map((row) => [row.key, row]));
}

/** Returns the jobs in the order of the request, one per key, or why the batch is refused. */
function toMembers(
  jobs: readonly NewJob[],
  holders: ReadonlyMap<string, KeyHolder>,
): Member[] | SubmitOutcome {
  const newByKey = new Map<string, NewJob>();
  const members: Member[] = [];
  for (const job of jobs) {
    const { idempotency } = job;
    const holder = idempotency === null ? undefined : holders.get(idempotency.key);
    if (idempotency !== null && holder !== undefined) {
      const outcome = toDuplicate(holder, idempotency);
      if (outcome.kind === "duplicate" && !outcome.sameRequest) {
        return { kind: "duplicate", id: holder.id, sameRequest: false };
      }
    }
    const twin = idempotency === null ? undefined : newByKey.get(idempotency.key);
    if (twin !== undefined && twin.idempotency?.fingerprint !== idempotency?.fingerprint) {
      return { kind: "duplicate", id: twin.id, sameRequest: false };
    }
    if (idempotency !== null && twin === undefined) newByKey.set(idempotency.key, job);
    members.push(holder === undefined ? { job: twin ?? job } : { id: holder.id });
  }
  return members;
}

async function insertBatch(
  tx: Transaction,
  { id, createdAt, webhook }: NewBatch,
  members: readonly Member[],
): Promise<void> {
  const [batch] = await tx.query<{ seq: number }>(
    `INSERT INTO batches (id, created_at) VALUES ($1, $2) RETURNING seq`,
    [id, createdAt],
  );
  const seq = batch?.seq ?? 0;
  const ids = members.map((member) => ("job" in member ? member.job.id : member.id));
  await tx.query(
    `INSERT INTO batch_jobs (batch, position, job, state)
     SELECT $1, position - 1, seq, CASE WHEN ended_at IS NULL THEN 'open' ELSE status END
     FROM unnest($2::text[]) WITH ORDINALITY AS member (id, position) JOIN jobs ON jobs.id = member.id`,
    [seq, ids],
  );
  if (webhook !== null) await insertWebhook(tx, webhook, { batch: seq });
}

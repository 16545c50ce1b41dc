/**
 * Deletes rows with everything that belongs to them. Only in an exclusive write group: nobody else adds
 * to them meanwhile.
 */
import type { DeliveryState } from "../../../domain/delivery.ts";
import type { JobStatus } from "../../../domain/job-spec.ts";
import type { Transaction } from "../transaction.ts";
import { deleteFilesOf } from "./delete-files.ts";

export async function deleteJobs(tx: Transaction, jobs: readonly number[]): Promise<void> {
  if (jobs.length === 0) return;
  const deleteOf = (table: string) =>
    tx.query(`DELETE FROM ${table} WHERE job = ANY ($1::bigint[])`, [jobs]);
  const [statuses] = await Promise.all([
    tx.query<{ status: JobStatus }>(
      `WITH gone AS (DELETE FROM jobs WHERE seq = ANY ($1::bigint[]) RETURNING id, status),
         key AS (
           DELETE FROM idempotency_keys USING gone WHERE subject_id = gone.id AND kind = 'job'
         )
       SELECT status FROM gone`,
      [jobs],
    ),
    ...["job_specs", "steps", "step_attempts", "events", "logs", "job_tags", "job_keys"].map(
      deleteOf,
    ),
    deleteFilesOf(tx, jobs),
    deleteDeliveriesOf(tx, "job", jobs),
    deleteWebhooksOf(tx, "job", jobs),
  ]);
  for (const { status } of statuses) tx.count({ kind: "job", state: status }, -1);
}

export async function deleteBatches(tx: Transaction, batches: readonly number[]): Promise<void> {
  if (batches.length === 0) return;
  await Promise.all([
    tx.query(
      `WITH gone AS (DELETE FROM batches WHERE seq = ANY ($1::bigint[]) RETURNING id)
       DELETE FROM idempotency_keys USING gone WHERE subject_id = gone.id AND kind = 'batch'`,
      [batches],
    ),
    tx.query(`DELETE FROM batch_jobs WHERE batch = ANY ($1::bigint[])`, [batches]),
    deleteDeliveriesOf(tx, "batch", batches),
    deleteWebhooksOf(tx, "batch", batches),
  ]);
}

async function deleteDeliveriesOf(
  tx: Transaction,
  owner: "job" | "batch",
  keys: readonly number[],
): Promise<void> {
  const deleted = await tx.query<{ state: DeliveryState }>(
    `WITH gone AS (DELETE FROM deliveries WHERE ${owner} = ANY ($1::bigint[]) RETURNING id, state),
       attempt AS (DELETE FROM attempts USING gone WHERE delivery = gone.id)
     SELECT state FROM gone`,
    [keys],
  );
  for (const { state } of deleted) tx.count({ kind: "delivery", state }, -1);
}

async function deleteWebhooksOf(
  tx: Transaction,
  owner: "job" | "batch",
  keys: readonly number[],
): Promise<void> {
  const deleted = await tx.query<{ destination: number }>(
    `DELETE FROM webhooks WHERE ${owner} = ANY ($1::bigint[]) RETURNING destination`,
    [keys],
  );
  await deleteUnusedDestinations(
    tx,
    deleted.map(({ destination }) => destination),
  );
}

/** Destinations of origins would pile up otherwise. */
export async function deleteUnusedDestinations(
  tx: Transaction,
  destinations: readonly number[],
): Promise<void> {
  if (destinations.length === 0) return;
  const gone = [...new Set(destinations)];
  await tx.query(
    `WITH gone AS (
       DELETE FROM destinations WHERE id = ANY ($1::bigint[])
         AND NOT EXISTS (SELECT 1 FROM webhooks WHERE destination = destinations.id)
       RETURNING id
     )
     DELETE FROM idle_spans USING gone WHERE coalesce(destination, 0) = gone.id`,
    [gone],
  );
}

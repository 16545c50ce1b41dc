import { batchStatus, countJobs } from "../../domain/batch.ts";
import { jsonArray, NULL_JSON, toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { Engine } from "../../engine/engine.ts";
import type {
  BatchJob as StoredBatchJob,
  BatchSummary as StoredSummary,
  StoredBatch,
} from "../../ports/store/batches.ts";
import type { AcceptedBatch, Batch, BatchJob, BatchSummary } from "../contract/batches.ts";
import { batchWebhookText } from "./job-webhook.ts";
import { instantText, jsonFields } from "./json-fields.ts";

export interface BatchContext {
  readonly batchUrl: (batchId: string) => string;
  readonly shownOf: Engine["shownOf"];
}

export function acceptedBatchText(
  batch: StoredBatch,
  { batchUrl }: Pick<BatchContext, "batchUrl">,
): JsonText {
  return toJsonText({
    batchId: batch.id,
    status: batchStatus(countJobs(batch.jobs)),
    jobs: batch.jobs.map(({ jobId, status }) => ({ jobId, status })),
    url: batchUrl(batch.id),
  } satisfies AcceptedBatch);
}

export function batchText(batch: StoredBatch, { batchUrl, shownOf }: BatchContext): JsonText {
  const { id, webhook, jobs } = batch;
  const counts = countJobs(jobs);
  return jsonFields<Batch>({
    batchId: toJsonText(id),
    status: toJsonText(batchStatus(counts)),
    createdAt: instantText(batch.createdAt),
    endedAt: instantText(batch.endedAt),
    payloadsRemovedAt: instantText(batch.payloadsRemovedAt),
    counts: toJsonText(counts),
    jobs: jsonArray(jobs.map(batchJobText)),
    webhook: webhook === null ? NULL_JSON : batchWebhookText(webhook, shownOf),
    url: toJsonText(batchUrl(id)),
  });
}

export function batchSummaryText(
  batch: StoredSummary,
  batchUrl: BatchContext["batchUrl"],
): JsonText {
  const { id, total, completed, failed } = batch;
  const open = total - completed - failed;
  return jsonFields<BatchSummary>({
    batchId: toJsonText(id),
    status: toJsonText(batchStatus({ total, queued: open, running: 0, completed, failed })),
    createdAt: instantText(batch.createdAt),
    endedAt: instantText(batch.endedAt),
    counts: toJsonText({ total, open, completed, failed }),
    url: toJsonText(batchUrl(id)),
  });
}

/** Inserts the output as the stored text, without parsing it. */
function batchJobText(job: StoredBatchJob): JsonText {
  const { jobId, name, status, failure, output, payloadsRemovedAt, truncated } = job;
  return jsonFields<BatchJob>({
    jobId: toJsonText(jobId),
    name: toJsonText(name),
    status: toJsonText(status),
    error: toJsonText(failure?.message ?? null),
    errorCode: toJsonText(failure?.code ?? null),
    output: output ?? NULL_JSON,
    payloadsRemovedAt: instantText(payloadsRemovedAt),
    truncated: toJsonText(truncated),
  });
}

/** Many jobs in one request, with one callback after all of them have ended. */
import { z } from "zod";
import { MAX_BATCH_JOBS, MAX_BATCH_OUTPUT_BYTES } from "../../domain/batch.ts";
import { MAX_KEY_LENGTH } from "../../domain/job-key.ts";
import { IdParams, Instant, JobId, JsonValue, PageQuery, pageOf } from "./fields.ts";
import { BatchWebhook, BatchWebhookRequest } from "./job-webhook.ts";
import { ending, JobRequest, JobStatusName } from "./job.ts";
import { SAMPLE_BATCH_SUMMARY } from "./list-samples.ts";
import { ProbeQuery } from "./probe-query.ts";
import { defineRoute } from "./route-contract.ts";
import {
  SAMPLE_ACCEPTED_BATCH,
  SAMPLE_BATCH,
  SAMPLE_BATCH_CALLBACK,
  SAMPLE_SUBMIT_BATCH,
} from "./samples.ts";
import { traceFields } from "./trace.ts";
import { preferenceApplied, submitHeaders, waitHeaders } from "./submit-headers.ts";

const BatchJobRequest = JobRequest.extend({
  idempotencyKey: z
    .string()
    .min(1)
    .max(MAX_KEY_LENGTH)
    .optional()
    .describe(
      "Works like the `Idempotency-Key` header of a single job. If any earlier request submitted a job with this key, that job becomes part of the batch, and no new job is created.",
    ),
  ...traceFields,
}).meta({ id: "BatchJobRequest" });

// routes/batches.ts checks the number before the schema does: only the engine knows the limit.
const Jobs = z.array(BatchJobRequest).min(1).meta({
  description:
    "The jobs to run. `PLAYGROUND_MAX_BATCH_JOBS` limits their number; its default is 1000.",
  maxItems: MAX_BATCH_JOBS,
});

export const SubmitBatch = z
  .strictObject({ jobs: Jobs, webhook: BatchWebhookRequest.optional() })
  .meta({ id: "SubmitBatch", examples: [SAMPLE_SUBMIT_BATCH] });

const BatchStatus = z
  .enum(["running", "completed", "failed"])
  .describe(
    "`running` until every job has ended. Then `completed` if every job completed, otherwise `failed`.",
  );

const url = z.string().describe("URL of the batch.");

export const AcceptedBatch = z
  .object({
    batchId: z.string(),
    status: BatchStatus,
    jobs: z
      .array(z.object({ jobId: JobId, status: JobStatusName }))
      .describe("The jobs, in the order of the request."),
    url,
  })
  .meta({ id: "AcceptedBatch", examples: [SAMPLE_ACCEPTED_BATCH] });
export type AcceptedBatch = z.infer<typeof AcceptedBatch>;

const BatchCounts = z.object({
  total: z.int(),
  queued: z.int(),
  running: z.int(),
  completed: z.int(),
  failed: z.int(),
});

export const BatchJob = z
  .object({
    jobId: JobId,
    name: z.string().nullable(),
    status: JobStatusName,
    ...ending,
    output: JsonValue.describe(
      "The last plugin's output. Null until the job has completed, and after `payloadsRemovedAt`.",
    ),
    payloadsRemovedAt: Instant.nullable().describe(
      "When the job's output and other payloads were removed. Null until then.",
    ),
    truncated: z
      .boolean()
      .describe(
        `True when the output did not fit into the response, which contains at most ${MAX_BATCH_OUTPUT_BYTES / 1024 / 1024} MiB of outputs. \`output\` is then null; get it from the job.`,
      ),
  })
  .meta({ id: "BatchJob" });
export type BatchJob = z.infer<typeof BatchJob>;

export const Batch = z
  .object({
    batchId: z.string(),
    status: BatchStatus,
    createdAt: Instant,
    endedAt: Instant.nullable().describe(
      "When the last job ended and the callback was created. A batch has only one callback: retrying a job later does not create another.",
    ),
    payloadsRemovedAt: Instant.nullable().describe(
      "When the callback's payload was removed (`PLAYGROUND_RETENTION_PAYLOAD_DAYS`), and the payloads of the batch's jobs began to be. Null until then.",
    ),
    counts: BatchCounts,
    jobs: z.array(BatchJob).describe("The jobs, in the order of the request."),
    webhook: BatchWebhook.nullable(),
    url,
  })
  .meta({ id: "Batch", examples: [SAMPLE_BATCH] });
export type Batch = z.infer<typeof Batch>;

export const BatchSummary = z
  .object({
    batchId: z.string(),
    status: BatchStatus,
    createdAt: Instant,
    endedAt: Instant.nullable().describe("When the callback was created. Null until then."),
    counts: z
      .object({ total: z.int(), open: z.int(), completed: z.int(), failed: z.int() })
      .describe("Numbers of jobs. `open`: those that are queued or running."),
    url,
  })
  .meta({ id: "BatchSummary", examples: [SAMPLE_BATCH_SUMMARY] });
export type BatchSummary = z.infer<typeof BatchSummary>;

export const BatchCallback = z
  .object({
    status: z.enum(["completed", "failed"]),
    batchId: z.string(),
    timestamp: Instant,
    counts: BatchCounts,
    jobs: z.array(z.object({ jobId: JobId, status: z.enum(["completed", "failed"]), ...ending })),
    truncated: z
      .boolean()
      .describe("True when the callback would be larger than 1 MiB. `jobs` is then empty."),
    batchUrl: z.string().describe("URL of the batch, which lists its jobs."),
  })
  .meta({
    id: "BatchCallback",
    description: "Sent once to the batch's webhook, after every job of the batch has ended.",
    examples: [SAMPLE_BATCH_CALLBACK],
  });

const location = { Location: "Path of the batch." };

export const submitBatch = defineRoute({
  operationId: "submitBatch",
  method: "POST",
  path: "/v1/batches",
  tag: "batches",
  summary: "Run many jobs",
  description:
    "Stores either all jobs or none, and responds after they are on disk. If one job is refused, the whole batch is refused, and `issues` names every job with an error. When all jobs have ended, `webhook` receives one callback, which is retried like any event. Each job can also have its own webhook.",
  access: "run",
  headers: submitHeaders,
  body: SubmitBatch,
  responses: {
    200: {
      description: "Every job ended within the time given by `Prefer: wait`.",
      schema: Batch,
      headers: {
        ...location,
        ...preferenceApplied,
      },
    },
    202: {
      description: "The batch is stored and its jobs are queued.",
      schema: AcceptedBatch,
      headers: {
        ...location,
        "Idempotent-Replayed":
          "`true` when the `Idempotency-Key` was used before and no new batch was created.",
      },
    },
  },
  refusals: [
    "PLUGIN_NOT_FOUND",
    "PLUGIN_BROKEN",
    "INPUT_INVALID",
    "OPTIONS_INVALID",
    "FILE_NOT_FOUND",
    "WEBHOOK_URL_REFUSED",
    "IDEMPOTENCY_KEY_INVALID",
    "IDEMPOTENCY_KEY_REUSED",
    "METADATA_TOO_LARGE",
    "BATCH_TOO_LARGE",
    "QUEUE_FULL",
    "LIMIT_QUEUE_FULL",
    "DISK_FULL",
    "STOPPING",
  ],
});

export const listBatches = defineRoute({
  operationId: "listBatches",
  method: "GET",
  path: "/v1/batches",
  tag: "batches",
  summary: "List batches, newest first",
  access: "read",
  query: z.strictObject(PageQuery),
  responses: {
    200: {
      description: "A page of batches.",
      schema: pageOf(BatchSummary).meta({ id: "BatchList" }),
    },
  },
  refusals: ["BODY_INVALID"],
});

export const getBatch = defineRoute({
  operationId: "getBatch",
  method: "GET",
  path: "/v1/batches/:id",
  tag: "batches",
  summary: "Get a batch with its jobs and their outputs",
  access: "read",
  params: IdParams,
  headers: waitHeaders,
  responses: { 200: { description: "The batch.", schema: Batch, headers: preferenceApplied } },
  refusals: ["BATCH_NOT_FOUND"],
});

export const setBatchWebhook = defineRoute({
  operationId: "setBatchWebhook",
  method: "PUT",
  path: "/v1/batches/:id/webhook",
  tag: "batches",
  summary: "Set the webhook of a batch that has none",
  description:
    "The batch's callback is sent to this webhook when the batch ends, or immediately if it has already ended. A client can first wait with `Prefer: wait`, and set a webhook only if the batch takes longer. The n8n node does this before it suspends the execution. Setting the same webhook again changes nothing.",
  access: "run",
  params: IdParams,
  query: ProbeQuery,
  body: BatchWebhookRequest,
  responses: { 200: { description: "The batch in its current state.", schema: Batch } },
  refusals: [
    "WEBHOOK_URL_REFUSED",
    "WEBHOOK_UNREACHABLE",
    "BATCH_NOT_FOUND",
    "BATCH_HAS_WEBHOOK",
    "PAYLOADS_REMOVED",
  ],
});

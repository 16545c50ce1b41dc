/** Many jobs in one request, with one callback when all of them have ended. */
import { z } from "zod";
import { MAX_BATCH_JOBS, MAX_BATCH_OUTPUT_BYTES } from "../../domain/batch.ts";
import { IdParams, Instant, JobId, JsonValue } from "./fields.ts";
import { BatchWebhook, BatchWebhookRequest } from "./job-webhook.ts";
import { ending, JobStatusName, SubmitJob } from "./jobs.ts";
import { defineRoute } from "./route-contract.ts";
import {
  SAMPLE_ACCEPTED_BATCH,
  SAMPLE_BATCH,
  SAMPLE_BATCH_CALLBACK,
  SAMPLE_SUBMIT_BATCH,
} from "./samples.ts";
import { MAX_KEY_LENGTH, submitHeaders } from "./submit-headers.ts";

const BatchJobRequest = SubmitJob.extend({
  idempotencyKey: z
    .string()
    .min(1)
    .max(MAX_KEY_LENGTH)
    .optional()
    .describe(
      "As the header of a single job: a job that came with this key before, in whatever request, is not run again, and is in this batch in its place.",
    ),
}).meta({ id: "BatchJobRequest" });

// Counted by routes/batches before each is looked at: only the engine knows how many there may be.
const Jobs = z.array(BatchJobRequest).min(1).meta({
  description: "At most 1000, unless PLAYGROUND_MAX_BATCH_JOBS says otherwise.",
  maxItems: MAX_BATCH_JOBS,
});

export const SubmitBatch = z
  .strictObject({ jobs: Jobs, webhook: BatchWebhookRequest.optional() })
  .meta({ id: "SubmitBatch", examples: [SAMPLE_SUBMIT_BATCH] });

const BatchStatus = z
  .enum(["running", "completed", "failed"])
  .describe("`running` until every job has ended; then `completed` if all of them did.");

const url = z.string().describe("Where the batch is.");

export const AcceptedBatch = z
  .object({
    batchId: z.string(),
    status: BatchStatus,
    jobs: z
      .array(z.object({ jobId: JobId, status: JobStatusName }))
      .describe("In the order of the request."),
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
    output: JsonValue.describe("The last plugin's output; null until the job completed."),
    truncated: z
      .boolean()
      .describe(
        `True when the ${MAX_BATCH_OUTPUT_BYTES / 1024 / 1024} MiB of outputs that the answer may hold had no room left for it: \`output\` is null then, and the job has it.`,
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
      "When all jobs had ended and the callback was made. It is made once: a job that is retried later makes none.",
    ),
    counts: BatchCounts,
    jobs: z.array(BatchJob).describe("In the order of the request."),
    webhook: BatchWebhook.nullable(),
    url,
  })
  .meta({ id: "Batch", examples: [SAMPLE_BATCH] });
export type Batch = z.infer<typeof Batch>;

export const BatchCallback = z
  .object({
    status: z.enum(["completed", "failed"]),
    batchId: z.string(),
    timestamp: Instant,
    counts: BatchCounts,
    jobs: z.array(z.object({ jobId: JobId, status: z.enum(["completed", "failed"]), ...ending })),
  })
  .meta({
    id: "BatchCallback",
    description: "Every job of a batch has ended; sent once, to the batch's webhook.",
    examples: [SAMPLE_BATCH_CALLBACK],
  });

const location = { Location: "Where the batch is." };

export const submitBatch = defineRoute({
  operationId: "submitBatch",
  method: "POST",
  path: "/v1/batches",
  tag: "batches",
  summary: "Run many jobs",
  description:
    "All jobs are on disk before this answers, or none: a job that is refused refuses the batch, and the issues name every job that is wrong. When all have ended, `webhook` gets one callback, tried again like any event; each job may have a webhook of its own beside it.",
  access: "run",
  headers: submitHeaders,
  body: SubmitBatch,
  answers: {
    200: {
      description: "Every job ended within the time that `Prefer: wait` gave them.",
      schema: Batch,
      headers: { ...location, "Preference-Applied": "`wait=SECONDS`, as it was applied." },
    },
    202: {
      description: "The batch is stored.",
      schema: AcceptedBatch,
      headers: {
        ...location,
        "Idempotent-Replayed": "`true` when the Idempotency-Key was known and no batch was made.",
      },
    },
  },
  refusals: [
    "PLUGIN_NOT_FOUND",
    "PLUGIN_BROKEN",
    "INPUT_INVALID",
    "OPTIONS_INVALID",
    "WEBHOOK_URL_REFUSED",
    "IDEMPOTENCY_KEY_INVALID",
    "IDEMPOTENCY_KEY_REUSED",
    "METADATA_TOO_LARGE",
    "BATCH_TOO_LARGE",
    "QUEUE_FULL",
    "STOPPING",
  ],
});

export const getBatch = defineRoute({
  operationId: "getBatch",
  method: "GET",
  path: "/v1/batches/:id",
  tag: "batches",
  summary: "A batch with its jobs and their outputs",
  access: "read",
  params: IdParams,
  answers: { 200: { description: "The batch.", schema: Batch } },
  refusals: ["BATCH_NOT_FOUND"],
});

export const setBatchWebhook = defineRoute({
  operationId: "setBatchWebhook",
  method: "PUT",
  path: "/v1/batches/:id/webhook",
  tag: "batches",
  summary: "Give a batch without a webhook one",
  description:
    "Its callback goes there: at once when the batch has ended, else when it does. So a client that need not wait for long asks with `Prefer: wait` first and for the callback only when that was not enough, as the n8n node does before it parks the execution. The same webhook again changes nothing.",
  access: "run",
  params: IdParams,
  body: BatchWebhookRequest,
  answers: { 200: { description: "The batch as it is now.", schema: Batch } },
  refusals: ["WEBHOOK_URL_REFUSED", "BATCH_NOT_FOUND", "BATCH_HAS_WEBHOOK"],
});

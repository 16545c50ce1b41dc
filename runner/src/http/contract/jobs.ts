import { z } from "zod";
import { MAX_JOB_OUTPUT_BYTES } from "../../domain/job.ts";
import { JOB_STATUSES } from "../../domain/job-spec.ts";
import { FailureCodeName, StepMetrics, StepProgress } from "./events.ts";
import {
  IdParams,
  Instant,
  JobId,
  JobName,
  JsonObject,
  JsonValue,
  PageQuery,
  PluginName,
  pageOf,
} from "./fields.ts";
import { JobWebhook, WebhookRequest } from "./job-webhook.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_ACCEPTED, SAMPLE_JOB, SAMPLE_JOB_SUMMARY, SAMPLE_SUBMIT } from "./samples.ts";
import { submitHeaders } from "./submit-headers.ts";

const MAX_PLUGINS = 50;
const MAX_TIMEOUT_MS = 7 * 24 * 60 * 60 * 1000;

const PluginCall = z.strictObject({
  name: PluginName,
  options: JsonValue.optional().describe("Checked against the plugin's own schema."),
});

const PluginCalls = z
  .array(z.unknown())
  .min(1, { abort: true })
  .max(MAX_PLUGINS, { abort: true })
  .pipe(
    z
      .array(z.union([PluginName, PluginCall]))
      .min(1)
      .max(MAX_PLUGINS),
  )
  .meta({
    description: "What to run, in order. Each gets the output of the one before it.",
    examples: [["csv-profile"], [{ name: "text-chunk", options: { maxTokens: 400 } }]],
  });

const Metadata = JsonObject.meta({
  description:
    "Yours: sent back with every event. At most 16384 bytes as JSON, unless PLAYGROUND_METADATA_LIMIT says otherwise.",
  examples: [{ customer: 7 }],
});

/** Defaults are applied in routes/submit-job, so that what is asked for can be told from what is not. */
export const SubmitJob = z
  .strictObject({
    plugins: PluginCalls,
    input: JsonValue.optional().describe("The first plugin's input, checked against its schema."),
    webhook: WebhookRequest.optional(),
    name: JobName.optional().describe("A name to find the job by."),
    metadata: Metadata.optional(),
    priority: z
      .int()
      .min(-1000)
      .max(1000)
      .optional()
      .meta({ description: "Higher runs earlier.", default: 0 }),
    runAt: Instant.optional().describe("Not run before this instant."),
    timeoutMs: z
      .int()
      .min(1)
      .max(MAX_TIMEOUT_MS)
      .optional()
      .describe("Time that all plugins together may take."),
  })
  .meta({
    id: "SubmitJob",
    examples: [SAMPLE_SUBMIT],
  });

export type SubmitJob = z.infer<typeof SubmitJob>;

export const JobStatusName = z.enum(JOB_STATUSES);

export const AcceptedJob = z
  .object({
    jobId: JobId,
    status: JobStatusName.describe("`queued`, unless the Idempotency-Key was known or you waited."),
    name: z.string().nullable(),
    plugins: z.array(z.string()),
    url: z.string().describe("Where the job is."),
  })
  .meta({
    id: "AcceptedJob",
    examples: [SAMPLE_ACCEPTED],
  });

export type AcceptedJob = z.infer<typeof AcceptedJob>;

const timings = {
  createdAt: Instant,
  runAt: Instant.describe("Not run before this instant."),
  startedAt: Instant.nullable(),
  endedAt: Instant.nullable(),
};

export const ending = {
  error: z.string().nullable().describe("Why it failed, in words."),
  errorCode: FailureCodeName.nullable(),
};

export const JobSummary = z
  .object({
    jobId: JobId,
    status: JobStatusName,
    name: z.string().nullable(),
    plugins: z.array(z.string()),
    priority: z.int(),
    ...timings,
    completedSteps: z.int(),
    ...ending,
    url: z.string(),
  })
  .meta({ id: "JobSummary", examples: [SAMPLE_JOB_SUMMARY] });

export type JobSummary = z.infer<typeof JobSummary>;

const JobStep = z
  .object({
    plugin: z.string(),
    options: JsonValue,
    status: z.enum(["pending", "running", "completed", "failed"]),
    startedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
    metrics: StepMetrics.nullable(),
    output: JsonValue,
    truncated: z
      .boolean()
      .describe(
        `True when the ${MAX_JOB_OUTPUT_BYTES / 1024 / 1024} MiB of outputs that the answer may hold, given to later steps first, had no room left for it: \`output\` is null then.`,
      ),
    ...ending,
  })
  .meta({ id: "JobStep", description: "One plugin's run within the job." });

export type JobStep = z.infer<typeof JobStep>;

export const Job = z
  .object({
    jobId: JobId,
    status: JobStatusName,
    name: z.string().nullable(),
    metadata: JsonObject,
    plugins: z.array(z.string()),
    priority: z.int(),
    timeoutMs: z.int().nullable(),
    ...timings,
    progress: StepProgress.nullable().describe("Of the running step, where its plugin tells."),
    steps: z.array(JobStep).describe("One per plugin, in order."),
    ...ending,
    output: JsonValue.describe("The last plugin's output; null until the job completed."),
    input: JsonValue,
    webhook: JobWebhook.nullable(),
    url: z.string(),
  })
  .meta({ id: "Job", examples: [SAMPLE_JOB] });

export type Job = z.infer<typeof Job>;

const JobFilterQuery = z.strictObject({
  status: JobStatusName.optional(),
  plugin: PluginName.optional().describe("Jobs that run this plugin, at any place."),
  name: JobName.optional(),
  createdAfter: Instant.optional(),
  createdBefore: Instant.optional(),
  ...PageQuery,
});

const location = { Location: "Where the job is." };

export const submitJob = defineRoute({
  operationId: "submitJob",
  method: "POST",
  path: "/v1/jobs",
  tag: "jobs",
  summary: "Run plugins",
  description: "The job is on disk before this answers; it survives a crash and a power loss.",
  access: "run",
  headers: submitHeaders,
  body: SubmitJob,
  answers: {
    200: {
      description: "The job ended within the time that `Prefer: wait` gave it.",
      schema: Job,
      headers: { ...location, "Preference-Applied": "`wait=SECONDS`, as it was applied." },
    },
    202: {
      description: "The job is stored.",
      schema: AcceptedJob,
      headers: {
        ...location,
        "Idempotent-Replayed": "`true` when the Idempotency-Key was known and no job was made.",
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
    "QUEUE_FULL",
    "STOPPING",
  ],
});

export const listJobs = defineRoute({
  operationId: "listJobs",
  method: "GET",
  path: "/v1/jobs",
  tag: "jobs",
  summary: "Jobs, newest first",
  access: "read",
  query: JobFilterQuery,
  answers: {
    200: { description: "A page of jobs.", schema: pageOf(JobSummary).meta({ id: "JobList" }) },
  },
  refusals: ["BODY_INVALID"],
});

export const getJob = defineRoute({
  operationId: "getJob",
  method: "GET",
  path: "/v1/jobs/:id",
  tag: "jobs",
  summary: "A job with its steps, metrics and outputs",
  access: "read",
  params: IdParams,
  answers: { 200: { description: "The whole job.", schema: Job } },
  refusals: ["JOB_NOT_FOUND"],
});

export const cancelJob = defineRoute({
  operationId: "cancelJob",
  method: "POST",
  path: "/v1/jobs/:id/cancel",
  tag: "jobs",
  summary: "Cancel a job",
  description:
    "A queued job ends at once. The plugin of a running one is asked to stop, and its thread ended if it does not; the job then ends with `failed` and `CANCELLED`.",
  access: "run",
  params: IdParams,
  answers: { 202: { description: "The job as it is now.", schema: Job, headers: location } },
  refusals: ["JOB_NOT_FOUND", "JOB_ALREADY_ENDED"],
});

export const retryJob = defineRoute({
  operationId: "retryJob",
  method: "POST",
  path: "/v1/jobs/:id/retry",
  tag: "jobs",
  summary: "Run a failed job again, from the step that failed",
  description:
    "Its events go on where they were: there is no second `started`, and a second `completed` or `failed`.",
  access: "run",
  params: IdParams,
  answers: { 202: { description: "The job as it is now.", schema: Job, headers: location } },
  refusals: ["JOB_NOT_FOUND", "JOB_NOT_RETRYABLE", "STOPPING"],
});

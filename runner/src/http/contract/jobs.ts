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
  options: JsonValue.optional().describe("The plugin's options. They must match its schema."),
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
    description:
      "The plugins to run, in order. Each plugin gets the output of the previous one as its input.",
    examples: [["csv-profile"], [{ name: "text-chunk", options: { maxTokens: 400 } }]],
  });

const Metadata = JsonObject.meta({
  description:
    "Your own data, which is sent back with every event. `PLAYGROUND_METADATA_LIMIT` limits its size; the default is 16384 bytes as JSON.",
  examples: [{ customer: 7 }],
});

/** job-request.ts fills in the defaults, so that a field that was not sent can be recognised. */
export const SubmitJob = z
  .strictObject({
    plugins: PluginCalls,
    input: JsonValue.optional().describe(
      "The first plugin's input. It must match the plugin's schema.",
    ),
    webhook: WebhookRequest.optional(),
    name: JobName.optional().describe("A name for the job. Lists and webhooks can filter by it."),
    metadata: Metadata.optional(),
    priority: z
      .int()
      .min(-1000)
      .max(1000)
      .optional()
      .meta({ description: "Jobs with a higher priority run first.", default: 0 }),
    runAt: Instant.optional().describe("The job does not run before this time."),
    timeoutMs: z
      .int()
      .min(1)
      .max(MAX_TIMEOUT_MS)
      .optional()
      .describe("Time limit for all plugins of the job together, in ms."),
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
    status: JobStatusName.describe(
      "`queued`, unless you waited or the `Idempotency-Key` was used before.",
    ),
    name: z.string().nullable(),
    plugins: z.array(z.string()),
    url: z.string().describe("URL of the job."),
  })
  .meta({
    id: "AcceptedJob",
    examples: [SAMPLE_ACCEPTED],
  });

export type AcceptedJob = z.infer<typeof AcceptedJob>;

const timings = {
  createdAt: Instant,
  runAt: Instant.describe("The job does not run before this time."),
  startedAt: Instant.nullable(),
  endedAt: Instant.nullable(),
};

export const ending = {
  error: z.string().nullable().describe("Why it failed, as a message for people."),
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
        `True when the output did not fit into the response, which contains at most ${MAX_JOB_OUTPUT_BYTES / 1024 / 1024} MiB of outputs and includes later steps first. \`output\` is then null.`,
      ),
    ...ending,
  })
  .meta({ id: "JobStep", description: "The run of one plugin within the job." });

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
    progress: StepProgress.nullable().describe(
      "Progress of the running step. Null when its plugin has not reported any.",
    ),
    steps: z.array(JobStep).describe("One step per plugin, in order."),
    ...ending,
    output: JsonValue.describe("The last plugin's output. Null until the job has completed."),
    input: JsonValue,
    webhook: JobWebhook.nullable(),
    url: z.string(),
  })
  .meta({ id: "Job", examples: [SAMPLE_JOB] });

export type Job = z.infer<typeof Job>;

const JobFilterQuery = z.strictObject({
  status: JobStatusName.optional(),
  plugin: PluginName.optional().describe("Only jobs that run this plugin, as any of their steps."),
  name: JobName.optional(),
  createdAfter: Instant.optional(),
  createdBefore: Instant.optional(),
  ...PageQuery,
});

const location = { Location: "Path of the job." };

export const submitJob = defineRoute({
  operationId: "submitJob",
  method: "POST",
  path: "/v1/jobs",
  tag: "jobs",
  summary: "Submit a job",
  description: "Responds after the job is on disk, so the job survives a crash and a power loss.",
  access: "run",
  headers: submitHeaders,
  body: SubmitJob,
  responses: {
    200: {
      description: "The job ended within the time given by `Prefer: wait`.",
      schema: Job,
      headers: {
        ...location,
        "Preference-Applied": "`wait=SECONDS` with the seconds that were applied.",
      },
    },
    202: {
      description: "The job is stored and queued.",
      schema: AcceptedJob,
      headers: {
        ...location,
        "Idempotent-Replayed":
          "`true` when the `Idempotency-Key` was used before and no new job was created.",
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
  summary: "List jobs, newest first",
  access: "read",
  query: JobFilterQuery,
  responses: {
    200: { description: "A page of jobs.", schema: pageOf(JobSummary).meta({ id: "JobList" }) },
  },
  refusals: ["BODY_INVALID"],
});

export const getJob = defineRoute({
  operationId: "getJob",
  method: "GET",
  path: "/v1/jobs/:id",
  tag: "jobs",
  summary: "Get a job with its steps, metrics and outputs",
  access: "read",
  params: IdParams,
  responses: { 200: { description: "The job.", schema: Job } },
  refusals: ["JOB_NOT_FOUND"],
});

export const cancelJob = defineRoute({
  operationId: "cancelJob",
  method: "POST",
  path: "/v1/jobs/:id/cancel",
  tag: "jobs",
  summary: "Cancel a job",
  description:
    "A queued job ends immediately. For a running job, the daemon asks the plugin to stop, and ends its thread if it does not. The job ends with the status `failed` and the error code `CANCELLED`.",
  access: "run",
  params: IdParams,
  responses: {
    202: { description: "The job in its current state.", schema: Job, headers: location },
  },
  refusals: ["JOB_NOT_FOUND", "JOB_ALREADY_ENDED"],
});

export const retryJob = defineRoute({
  operationId: "retryJob",
  method: "POST",
  path: "/v1/jobs/:id/retry",
  tag: "jobs",
  summary: "Retry a failed job from the step that failed",
  description:
    "The job's sequence of events continues. There is no second `started` event, but another `completed` or `failed` event when the job ends again.",
  access: "run",
  params: IdParams,
  responses: {
    202: { description: "The job in its current state.", schema: Job, headers: location },
  },
  refusals: ["JOB_NOT_FOUND", "JOB_NOT_RETRYABLE", "STOPPING"],
});

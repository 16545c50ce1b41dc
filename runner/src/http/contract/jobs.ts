/** The routes of jobs. job.ts has the schemas. */
import { z } from "zod";
import { IdParams, Instant, JobName, PageQuery, PluginName, pageOf } from "./fields.ts";
import { AcceptedJob, Job, JobStatusName, JobSummary, SubmitJob } from "./job.ts";
import { defineRoute } from "./route-contract.ts";
import { preferenceApplied, submitHeaders, waitHeaders } from "./submit-headers.ts";

const JobFilterQuery = z.strictObject({
  status: JobStatusName.optional().describe("Only jobs with this status."),
  plugin: PluginName.optional().describe("Only jobs that run this plugin, as any of their steps."),
  name: JobName.optional().describe("Only jobs with exactly this name."),
  createdAfter: Instant.optional().describe("Only jobs that were submitted after this time."),
  createdBefore: Instant.optional().describe("Only jobs that were submitted before this time."),
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
        ...preferenceApplied,
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
  headers: waitHeaders,
  responses: { 200: { description: "The job.", schema: Job, headers: preferenceApplied } },
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

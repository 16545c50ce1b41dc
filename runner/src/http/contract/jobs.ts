/** The routes of jobs. job.ts has the schemas. */
import { z } from "zod";
import { MAX_JOB_OUTPUT_BYTES } from "../../domain/limits.ts";
import { IdParams, PageQuery, pageOf } from "./fields.ts";
import { AcceptedJob, Job, SubmitJob, SubmittedJob } from "./job.ts";
import { JOB_FILTER } from "./job-filter.ts";
import { JobSummary } from "./job-summary.ts";
import { defineRoute } from "./route-contract.ts";
import { preferenceApplied, submitHeaders, traceHeaders, waitHeaders } from "./submit-headers.ts";

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
      description:
        "The job ended within the time given by `Prefer: wait`, or it is another job, which has the key of `dedupe`.",
      schema: z.union([SubmittedJob, AcceptedJob]).meta({ id: "JobOfSubmit" }),
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
    "FILE_NOT_FOUND",
    "WEBHOOK_URL_REFUSED",
    "IDEMPOTENCY_KEY_INVALID",
    "IDEMPOTENCY_KEY_REUSED",
    "METADATA_TOO_LARGE",
    "QUEUE_FULL",
    "LIMIT_QUEUE_FULL",
    "DISK_FULL",
    "STOPPING",
  ],
});

export const listJobs = defineRoute({
  operationId: "listJobs",
  method: "GET",
  path: "/v1/jobs",
  tag: "jobs",
  summary: "List jobs, newest first",
  description:
    "A filter that matches few of many jobs can end a page early: the page then has fewer jobs than `limit`, or none, and a `nextCursor` to continue with.",
  access: "read",
  query: z.strictObject({ ...JOB_FILTER, ...PageQuery }),
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
  query: z.strictObject({
    maxBytes: z.coerce
      .number()
      .int()
      .min(0)
      .max(MAX_JOB_OUTPUT_BYTES)
      .optional()
      .describe(
        `The response leaves out an input with more bytes, and outputs that do not fit into as many bytes together. Later steps come first. Without it, no input is left out, and the limit of outputs is ${MAX_JOB_OUTPUT_BYTES}.`,
      ),
  }),
  headers: waitHeaders,
  responses: { 200: { description: "The job.", schema: Job, headers: preferenceApplied } },
  refusals: ["BODY_INVALID", "JOB_NOT_FOUND"],
});

const valueBody = { "application/json": "The JSON value, as it is stored." };

export const getJobInput = defineRoute({
  operationId: "getJobInput",
  method: "GET",
  path: "/v1/jobs/:id/input",
  tag: "jobs",
  summary: "Download a job's input",
  access: "read",
  params: IdParams,
  responses: { 200: { description: "The input.", otherBodies: valueBody } },
  refusals: ["JOB_NOT_FOUND", "PAYLOADS_REMOVED"],
});

export const getStepOutput = defineRoute({
  operationId: "getStepOutput",
  method: "GET",
  path: "/v1/jobs/:id/outputs/:step",
  tag: "jobs",
  summary: "Download the output of a step",
  description: "The first step has the number 0, as in log lines.",
  access: "read",
  params: z.strictObject({ id: z.string(), step: z.coerce.number().int().min(0) }),
  responses: { 200: { description: "The output.", otherBodies: valueBody } },
  refusals: ["BODY_INVALID", "JOB_NOT_FOUND", "OUTPUT_NOT_FOUND", "PAYLOADS_REMOVED"],
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
  summary: "Retry a failed job",
  description:
    "The job's sequence of events continues. There is no second `started` event, but another `completed` or `failed` event when the job ends again.",
  access: "run",
  params: IdParams,
  query: z.strictObject({
    from: z.enum(["failed-step", "start"]).optional().meta({
      description:
        "`failed-step`: steps that completed do not run again. `start`: all steps run again, and their results are replaced.",
      default: "failed-step",
    }),
  }),
  headers: traceHeaders,
  responses: {
    202: { description: "The job in its current state.", schema: Job, headers: location },
  },
  refusals: ["JOB_NOT_FOUND", "JOB_NOT_RETRYABLE", "PAYLOADS_REMOVED", "STOPPING"],
});

export const deleteJob = defineRoute({
  operationId: "deleteJob",
  method: "DELETE",
  path: "/v1/jobs/:id",
  tag: "jobs",
  summary: "Delete a job that has ended",
  description:
    "Deletes the job with its input, outputs, logs, events and deliveries. A job with an event that is not delivered yet is kept; an event that was given up does not keep it. A job of a batch is kept as long as the batch.",
  access: "admin",
  params: IdParams,
  responses: { 204: { description: "The job is deleted." } },
  refusals: ["JOB_NOT_FOUND", "JOB_NOT_ENDED", "JOB_IN_BATCH", "JOB_NOT_DELIVERED"],
});

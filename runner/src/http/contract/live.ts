import { z } from "zod";
import { DELIVERY_STATES } from "../../domain/delivery.ts";
import { EVENT_KINDS } from "../../domain/event.ts";
import { JOB_STATUSES } from "../../domain/job-spec.ts";
import { StepProgress } from "./events.ts";
import { IdParams, Instant } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";

/** What has changed about a job. A field that is left out has not changed. */
export const LiveJob = z.strictObject({
  jobId: z.string(),
  status: z.enum(JOB_STATUSES).optional(),
  completedSteps: z.int().optional(),
  progress: StepProgress.nullable().optional(),
  startedAt: Instant.optional(),
  endedAt: Instant.nullable().optional(),
  error: z.string().nullable().optional(),
  errorCode: z.string().nullable().optional(),
});
export type LiveJob = z.infer<typeof LiveJob>;

/** A delivery after an attempt. */
export const LiveDelivery = z.strictObject({
  deliveryId: z.string(),
  jobId: z.string().nullable(),
  batchId: z.string().nullable(),
  event: z.enum([...EVENT_KINDS, "batch"]),
  state: z.enum(DELIVERY_STATES),
  attemptCount: z.int(),
  dueAt: Instant.nullable(),
});
export type LiveDelivery = z.infer<typeof LiveDelivery>;

/** The counts of the status that are cheap to read. */
export const LiveStatus = z.strictObject({
  version: z.string(),
  threads: z.object({ total: z.int(), busy: z.int() }),
  jobs: z.object({ queued: z.int(), running: z.int(), completed: z.int(), failed: z.int() }),
  deliveries: z.object({ pending: z.int(), failed: z.int() }),
  webhooks: z.object({ total: z.int(), off: z.int(), paused: z.int() }),
});
export type LiveStatus = z.infer<typeof LiveStatus>;

const STREAM_RULES =
  "A comment every 15 s keeps the connection open. A client that reads too slowly is disconnected. The stream ends when the token is removed.";

export const streamChanges = defineRoute({
  operationId: "streamChanges",
  method: "GET",
  path: "/v1/stream",
  tag: "daemon",
  summary: "Stream what changes: jobs, deliveries and counts",
  description: [
    "Server-sent events. `event: jobs` has a list of what has changed about jobs: `jobId` and any of `status`, `completedSteps`, `progress`, `startedAt`, `endedAt`, `error` and `errorCode`. A job is listed at most four times a second, with its newest values. `event: deliveries` has a list of deliveries after an attempt: `deliveryId`, `jobId`, `batchId`, `event`, `state`, `attemptCount` and `dueAt`. A list has at most 50 entries. `event: status` has the counts, at the start and at most once a second when they have changed.",
    "`Last-Event-ID` continues a stream. `event: reset` says that changes were missed: read again what you show.",
    STREAM_RULES,
  ].join("\n\n"),
  access: "read",
  headers: {
    "Last-Event-ID": {
      description: "The id of the last event that you have received.",
      example: "1764000000000012",
    },
  },
  responses: {
    200: {
      description: "The stream.",
      otherBodies: { "text/event-stream": "The changes as they happen." },
    },
  },
  refusals: ["TOO_MANY_STREAMS"],
});

export const streamLogs = defineRoute({
  operationId: "streamLogs",
  method: "GET",
  path: "/v1/jobs/:id/logs/stream",
  tag: "jobs",
  summary: "Stream the log lines of a job's plugins",
  description: [
    "Server-sent events. `event: log` has a line as in the list of log lines, and its number as the id. `event: end` follows the last line when the job has ended, with the job's `status`, and the stream ends. `Last-Event-ID` or `cursor` continues after a line. If the job has ended and has no further line, the response is 204.",
    STREAM_RULES,
  ].join("\n\n"),
  access: "read",
  params: IdParams,
  query: z.strictObject({
    cursor: z.coerce
      .number()
      .int()
      .min(0)
      .default(0)
      .describe("Number of the last line that you have seen."),
  }),
  headers: {
    "Last-Event-ID": {
      description: "Number of the last line that you have received. Takes the place of `cursor`.",
      example: "12",
    },
  },
  responses: {
    200: {
      description: "The stream.",
      otherBodies: { "text/event-stream": "The lines as they are written." },
    },
    204: { description: "The job has ended, and the client has seen its last line." },
  },
  refusals: ["BODY_INVALID", "JOB_NOT_FOUND", "TOO_MANY_STREAMS"],
});

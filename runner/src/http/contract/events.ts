/** The payloads of the four kinds of event, for the document and for tests. domain/event.ts builds them. */
import { z } from "zod";
import { EVENT_KINDS, type EventKind } from "../../domain/event.ts";
import { FAILURES, type FailureCode } from "../../domain/errors.ts";
import { IdParams, Instant, JobId, JsonObject, JsonValue, pageOf, TailQuery } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_EVENT, SAMPLE_METRICS, SAMPLE_OUTPUT } from "./samples.ts";

export const EventKindName = z.enum(EVENT_KINDS);

export const FailureCodeName = z
  .enum(Object.keys(FAILURES) as [FailureCode, ...FailureCode[]])
  .meta({ id: "FailureCode", description: "Why a job failed." });

export const StepMetrics = z
  .object({
    processedItems: z.number().describe("Number of items that the plugin processed."),
    duration: z.number().describe("Duration of the step, in ms."),
  })
  .catchall(z.number())
  .meta({
    id: "StepMetrics",
    description: "Metrics of a step. A plugin can add other numbers.",
  });

const ByPlugin = <T extends z.ZodType>(value: T) =>
  z
    .array(z.record(z.string(), value))
    .describe("One object per plugin, in order. Its key is the plugin's name.");

const PluginNames = z.array(z.string());

export const JobSchedule = z
  .object({
    id: z.string(),
    key: z.string(),
    slot: Instant.describe(
      "The slot that the job was made for. Of a run that a person asked for, the instant of the request.",
    ),
    previousSlot: Instant.nullable().describe(
      "The slot before it for which a job was made. Null for the first.",
    ),
  })
  .meta({ id: "JobSchedule", description: "The schedule that made a job, and the slot." });

const envelope = {
  jobId: JobId.describe("The job that the event belongs to."),
  timestamp: Instant.describe("When the event happened."),
  sequence: z.int().min(1).describe("Number of the event within the job: 1, 2, 3 …"),
  jobName: z.string().nullable().describe("The job's `name`."),
  metadata: JsonObject.describe("The job's `metadata`. `{}` if the job was submitted without."),
  jobUrl: z.string().describe("URL of the job."),
  schedule: JobSchedule.nullable().describe("The schedule that made the job. Null if none did."),
  test: z
    .literal(true)
    .optional()
    .describe("Only present in the samples that a webhook test sends. Their job does not exist."),
};

export const StartedEvent = z
  .object({
    status: z.literal("started"),
    ...envelope,
    config: z.object({
      input: JsonValue,
      plugins: PluginNames,
      truncated: z
        .boolean()
        .describe("True when the event would be larger than 1 MiB. `input` is then null."),
    }),
  })
  .meta({
    id: "StartedEvent",
    description: "The job has started to run.",
    examples: [
      {
        status: "started",
        ...SAMPLE_EVENT,
        sequence: 1,
        config: { input: { file: "in/cars.csv" }, plugins: ["csv-profile"], truncated: false },
      },
    ],
  });

export const ProgressEvent = z
  .object({
    status: z.literal("progress"),
    ...envelope,
    pluginName: z.string().describe("The plugin that completed."),
    metrics: StepMetrics,
    progress: z.object({
      status: z.literal("running"),
      completedPlugins: PluginNames,
      currentPlugin: z
        .string()
        .nullable()
        .describe("The plugin that runs next. Null after the last plugin."),
    }),
  })
  .meta({
    id: "ProgressEvent",
    description: "A plugin has completed. Sent after each plugin, including the last one.",
    examples: [
      {
        status: "progress",
        ...SAMPLE_EVENT,
        sequence: 2,
        pluginName: "csv-profile",
        metrics: SAMPLE_METRICS,
        progress: { status: "running", completedPlugins: ["csv-profile"], currentPlugin: null },
      },
    ],
  });

export const CompletedEvent = z
  .object({
    status: z.literal("completed"),
    ...envelope,
    result: z.object({
      metrics: ByPlugin(StepMetrics),
      summary: z.object({
        totalProcessed: z.number().describe("The sum of `processedItems`."),
        averageTime: z.number().describe("The plugins' mean duration, in ms."),
      }),
      output: JsonValue.describe("The last plugin's output."),
      outputs: ByPlugin(JsonValue),
      truncated: z
        .boolean()
        .describe(
          "True when the event would be larger than 1 MiB. Get the outputs from `jobUrl` then.",
        ),
    }),
    summary: z.object({
      duration: z.number().describe("Duration of the job, in ms."),
      completedPlugins: PluginNames,
    }),
  })
  .meta({
    id: "CompletedEvent",
    description: "The job has ended and every plugin has completed.",
    examples: [
      {
        status: "completed",
        ...SAMPLE_EVENT,
        sequence: 3,
        result: {
          metrics: [{ "csv-profile": SAMPLE_METRICS }],
          summary: { totalProcessed: 406, averageTime: 84 },
          output: SAMPLE_OUTPUT,
          outputs: [{ "csv-profile": SAMPLE_OUTPUT }],
          truncated: false,
        },
        summary: { duration: 91, completedPlugins: ["csv-profile"] },
      },
    ],
  });

export const FailedEvent = z
  .object({
    status: z.literal("failed"),
    ...envelope,
    error: z.string(),
    errorCode: FailureCodeName,
    attempts: z
      .int()
      .describe(
        "How many attempts of the step failed or were cancelled. Those that a crash cut off do not count. 0 if none of the step ran.",
      ),
    progress: z.object({
      status: z.literal("failed"),
      error: z.string(),
      completedPlugins: PluginNames,
      currentPlugin: z.string().nullable().describe("The plugin that failed."),
    }),
  })
  .meta({
    id: "FailedEvent",
    description: "The job has ended with an error, was cancelled or timed out.",
    examples: [
      {
        status: "failed",
        ...SAMPLE_EVENT,
        sequence: 2,
        error: "No such file: in/cars.csv",
        errorCode: "PLUGIN_THREW",
        attempts: 1,
        progress: {
          status: "failed",
          error: "No such file: in/cars.csv",
          completedPlugins: [],
          currentPlugin: "csv-profile",
        },
      },
    ],
  });

export const EVENT_PAYLOADS = {
  started: StartedEvent,
  progress: ProgressEvent,
  completed: CompletedEvent,
  failed: FailedEvent,
} as const satisfies Record<EventKind, z.ZodType>;

export const Event = z
  .discriminatedUnion("status", [StartedEvent, ProgressEvent, CompletedEvent, FailedEvent])
  .meta({ id: "Event", description: "Something that happened to a job." });

export const EventWithoutPayload = z
  .object({
    status: EventKindName,
    jobId: envelope.jobId,
    timestamp: envelope.timestamp,
    sequence: envelope.sequence,
    payloadRemoved: z.literal(true),
  })
  .meta({
    id: "EventWithoutPayload",
    description:
      "What is left of an event when the payloads of its job were removed. No webhook gets it.",
    examples: [
      {
        status: "completed",
        jobId: SAMPLE_EVENT.jobId,
        timestamp: SAMPLE_EVENT.timestamp,
        sequence: 3,
        payloadRemoved: true,
      },
    ],
  });
export type EventWithoutPayload = z.infer<typeof EventWithoutPayload>;

export const StepProgress = z
  .object({
    fraction: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe("From 0 to 1. Null when the plugin does not know it."),
    message: z.string().nullable(),
    at: Instant,
  })
  .meta({ id: "StepProgress", description: "The last progress that the running plugin reported." });

export const listEvents = defineRoute({
  operationId: "listEvents",
  method: "GET",
  path: "/v1/jobs/:id/events",
  tag: "jobs",
  summary: "List or stream a job's events",
  description:
    "With `Accept: text/event-stream`, the response is a stream of server-sent events. `id` is the event's sequence number, `event` its kind, and `data` the same payload that webhooks get. Send `Last-Event-ID` to resume a stream. Progress within a step is sent as `event: step-progress` without an id. A comment every 15 s keeps the connection open. The stream ends after the job's last event. If the client has already seen that event, the response is 204.",
  access: "read",
  params: IdParams,
  query: TailQuery,
  headers: {
    "Last-Event-ID": {
      description: "Sequence number of the last event that you have seen. Only used for streams.",
      example: "2",
    },
  },
  responses: {
    200: {
      description: "The events in order.",
      schema: pageOf(z.union([Event, EventWithoutPayload])).meta({ id: "EventList" }),
      otherBodies: { "text/event-stream": "A stream of the events as they happen." },
    },
    204: {
      description:
        "The job has ended and the client has seen its last event, so there is nothing to stream.",
    },
  },
  refusals: ["BODY_INVALID", "JOB_NOT_FOUND", "TOO_MANY_STREAMS"],
});

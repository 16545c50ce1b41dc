/** The payloads of the four kinds of event, for the document and for tests; domain/event.ts builds them. */
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
  .object({ processedItems: z.number(), duration: z.number().describe("In ms.") })
  .catchall(z.number())
  .meta({
    id: "StepMetrics",
    description: "What a plugin counted; it may add numbers of its own.",
  });

const ByPlugin = <T extends z.ZodType>(value: T) =>
  z
    .array(z.record(z.string(), value))
    .describe("One object per plugin, in order, with its name as the key.");

const PluginNames = z.array(z.string());

const envelope = {
  jobId: JobId.describe("The job that this happened to."),
  timestamp: Instant.describe("When it happened."),
  sequence: z.int().min(1).describe("1, 2, 3 … within the job."),
  jobName: z.string().nullable().describe("The `name` that the job was given."),
  metadata: JsonObject.describe("The `metadata` that the job was given; `{}` without."),
  jobUrl: z.string().describe("Where the whole job is."),
  test: z
    .literal(true)
    .optional()
    .describe("Only in the samples that a test of a webhook sends, of a job that never was."),
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
        .describe("True when the event would be over 1 MiB: `input` is null then."),
    }),
  })
  .meta({
    id: "StartedEvent",
    description: "The job's execution begins.",
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
        .describe("The plugin that is next; null after the last."),
    }),
  })
  .meta({
    id: "ProgressEvent",
    description: "A plugin completed; sent after each one, the last one too.",
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
        .describe("True when the event would be over 1 MiB: the outputs are at `jobUrl` then."),
    }),
    summary: z.object({
      duration: z.number().describe("In ms."),
      completedPlugins: PluginNames,
    }),
  })
  .meta({
    id: "CompletedEvent",
    description: "Every plugin completed.",
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
    progress: z.object({
      status: z.literal("failed"),
      error: z.string(),
      completedPlugins: PluginNames,
      currentPlugin: z.string().nullable().describe("The plugin that failed."),
    }),
  })
  .meta({
    id: "FailedEvent",
    description: "The job ended with an error, was cancelled, or ran out of time.",
    examples: [
      {
        status: "failed",
        ...SAMPLE_EVENT,
        sequence: 2,
        error: "No such file: in/cars.csv",
        errorCode: "PLUGIN_THREW",
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

export const StepProgress = z
  .object({
    fraction: z.number().min(0).max(1).nullable().describe("Null when the plugin cannot tell."),
    message: z.string().nullable(),
    at: Instant,
  })
  .meta({ id: "StepProgress", description: "What the running plugin last said of itself." });

export const listEvents = defineRoute({
  operationId: "listEvents",
  method: "GET",
  path: "/v1/jobs/:id/events",
  tag: "jobs",
  summary: "A job's events, as a list or as they happen",
  description:
    "With `Accept: text/event-stream` the answer is a stream of server-sent events: `id` is the sequence, `event` the kind, `data` the payload exactly as webhooks get it. `Last-Event-ID` resumes it. Progress within a step comes as `event: step-progress`, without an id. A comment every 15 s keeps the connection open, and the stream ends after the job's last event. A stream asked for after that event answers 204.",
  access: "read",
  params: IdParams,
  query: TailQuery,
  headers: {
    "Last-Event-ID": {
      description: "The sequence of the last event seen; for streams.",
      example: "2",
    },
  },
  answers: {
    200: {
      description: "The events in order.",
      schema: pageOf(Event).meta({ id: "EventList" }),
      otherBodies: { "text/event-stream": "The events as they happen." },
    },
    204: {
      description: "Nothing is left to stream: the job has ended and its last event was seen.",
    },
  },
  refusals: ["BODY_INVALID", "JOB_NOT_FOUND", "TOO_MANY_STREAMS"],
});

/** The schemas of jobs. jobs.ts has the routes. */
import { z } from "zod";
import {
  MAX_ATTEMPT_MESSAGE,
  MAX_ATTEMPTS_SHOWN,
  MAX_JOB_OUTPUT_BYTES,
} from "../../domain/limits.ts";
import { JOB_STATUSES } from "../../domain/job-spec.ts";
import { DebounceRequest, JobDebounce } from "./debounce.ts";
import { DedupeRequest, JobDedupe } from "./dedupe.ts";
import { FailureCodeName, JobSchedule, StepMetrics, StepProgress } from "./events.ts";
import { Instant, JobId, JobName, JsonObject, JsonValue, PluginName } from "./fields.ts";
import { JobWebhook, WebhookRequest } from "./job-webhook.ts";
import { RetryPolicy, RetryRequest } from "./retry.ts";
import { Tags } from "./tags.ts";
import { traceFields } from "./trace.ts";
import { SAMPLE_ACCEPTED, SAMPLE_JOB, SAMPLE_SUBMIT, SAMPLE_WAITING_FOR } from "./samples.ts";

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
      .array(
        z.union([PluginName, PluginCall], {
          error: "must be a plugin's name, or an object with its name and options",
        }),
      )
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

/** job-request.ts fills in the defaults, so that a field that was not sent can be recognized. */
export const JobRequest = z.strictObject({
  plugins: PluginCalls,
  input: JsonValue.optional().describe(
    "The first plugin's input. It must match the plugin's schema.",
  ),
  webhook: WebhookRequest.optional(),
  name: JobName.nullish().describe("A name for the job. Lists and webhooks can filter by it."),
  metadata: Metadata.nullish(),
  tags: Tags.nullish().describe(
    "Words to find the job by, such as `nightly` or `customer:7`. Lists and bulk acts can filter by them. Upper and lower case differ, the order does not matter, and a tag that is given twice counts once.",
  ),
  priority: z
    .int()
    .min(-1000)
    .max(1000)
    .optional()
    .meta({ description: "Jobs with a higher priority run first.", default: 0 }),
  runAt: Instant.nullish().describe(
    "The job does not run before this time. Null, the default, means immediately.",
  ),
  timeoutMs: z
    .int()
    .min(1)
    .max(MAX_TIMEOUT_MS)
    .optional()
    .describe("Time limit for all plugins of the job together, in ms."),
  retry: RetryRequest.optional(),
});

export type JobRequest = z.infer<typeof JobRequest>;

export const SubmitJob = JobRequest.extend({
  dedupe: DedupeRequest.optional(),
  debounce: DebounceRequest.optional(),
  ...traceFields,
})
  .refine(({ dedupe, debounce }) => dedupe === undefined || debounce === undefined, {
    path: ["debounce"],
    error: "must be left out beside `dedupe`",
  })
  .refine(({ runAt, debounce }) => (runAt ?? null) === null || debounce === undefined, {
    path: ["runAt"],
    error: "must be left out beside `debounce`, which says when the job runs",
  })
  .meta({
    id: "SubmitJob",
    examples: [SAMPLE_SUBMIT],
  });

export type SubmitJob = z.infer<typeof SubmitJob>;

export const JobStatusName = z.enum(JOB_STATUSES);

const deduplicated = z
  .literal(true)
  .optional()
  .describe(
    "Present if another job has the key of `dedupe`. It is the job of this response, and no job was created.",
  );

const debounced = z
  .literal(true)
  .optional()
  .describe(
    "Present if the request was merged by `debounce`. The job of this response waits, and no job was created.",
  );

export const AcceptedJob = z
  .object({
    jobId: JobId,
    status: JobStatusName.describe(
      "`queued`, unless you waited, the `Idempotency-Key` was used before, or another job has the key of `dedupe`.",
    ),
    name: z.string().nullable().describe("The job's name."),
    plugins: z.array(z.string()).describe("The names of the job's plugins, in order."),
    url: z.string().describe("URL of the job."),
    deduplicated,
    debounced,
  })
  .meta({
    id: "AcceptedJob",
    examples: [SAMPLE_ACCEPTED],
  });

export type AcceptedJob = z.infer<typeof AcceptedJob>;

export const timings = {
  createdAt: Instant.describe("When the job was submitted."),
  runAt: Instant.describe(
    "The job does not run before this time. While it waits for a step's next attempt, this is when that begins.",
  ),
  startedAt: Instant.nullable().describe("When the job first started to run. Null until then."),
  endedAt: Instant.nullable().describe("When the job ended. Null until then."),
  payloadsRemovedAt: Instant.nullable().describe(
    "When the job's input, options, outputs, logs, files and the payloads of its events were removed (`PLAYGROUND_RETENTION_PAYLOAD_DAYS`). The job cannot be run again from then on. Null until then.",
  ),
};

export const ending = {
  error: z.string().nullable().describe("Why it failed, as a message. Null unless it failed."),
  errorCode: FailureCodeName.nullable().describe(
    "Why it failed, as a code. Null unless it failed.",
  ),
};

export const identity = {
  jobId: JobId,
  status: JobStatusName,
  name: z.string().nullable().describe("The job's name."),
};

export const plan = {
  plugins: z.array(z.string()).describe("The names of the job's plugins, in order."),
  tags: z.array(z.string()).describe("The job's tags, in the order of their characters."),
  priority: z.int().describe("Jobs with a higher priority run first."),
};

export const WaitingFor = z
  .object({
    kind: z
      .enum(["plugin", "retry", "limit"])
      .describe(
        "`plugin`: the next step's plugin is missing or cannot be loaded now. The job fails when it has waited for `PLAYGROUND_PLUGIN_WAIT_MS`. `retry`: the step failed, and its next attempt is to come. `limit`: as many steps run as the limit of the next step allows, its rate is used up, or it is paused. More kinds may be added.",
      ),
    on: z
      .string()
      .nullable()
      .describe("Name of the plugin or the limit. Null while it waits for an attempt."),
    detail: z.string().describe("The reason, as a sentence."),
    since: Instant.describe("Since when the job has waited."),
  })
  .meta({
    id: "WaitingFor",
    description: "What a queued job waits for.",
    examples: [SAMPLE_WAITING_FOR],
  });

const JobStep = z
  .object({
    plugin: z.string().describe("The plugin's name."),
    options: JsonValue.describe("The plugin's options."),
    status: z.enum(["pending", "running", "completed", "failed"]),
    startedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
    metrics: StepMetrics.nullable(),
    output: JsonValue.describe("The plugin's output. Null until the step has completed."),
    truncated: z
      .boolean()
      .describe(
        `True when the output did not fit into the response, which contains at most ${MAX_JOB_OUTPUT_BYTES / 1024 / 1024} MiB of outputs and includes later steps first. \`output\` is then null.`,
      ),
    ...ending,
    attempt: z
      .int()
      .describe(
        "The number of the newest attempt: from 1, and again from 1 when a client retries the job. 0 if the step has not been run since.",
      ),
    failedAttempts: z
      .array(
        z.object({
          attempt: z.int().describe("Its number. 1 again after a client has retried the job."),
          startedAt: Instant,
          endedAt: Instant,
          error: z.string(),
          errorCode: FailureCodeName,
        }),
      )
      .describe(
        `The attempts that failed and were followed by another, in order: the newest ${MAX_ATTEMPTS_SHOWN} of the job. Their errors are cut at ${MAX_ATTEMPT_MESSAGE} characters. Their lines are in the job's log.`,
      ),
  })
  .meta({ id: "JobStep", description: "The run of one plugin within the job." });

export type JobStep = z.infer<typeof JobStep>;

export const Job = z
  .object({
    ...identity,
    metadata: JsonObject.describe("The job's metadata. `{}` if the job was submitted without."),
    ...plan,
    timeoutMs: z
      .int()
      .nullable()
      .describe("Time limit for all plugins of the job together, in ms. Null means no limit."),
    retry: RetryPolicy.nullable().describe(
      "When a step that failed runs again. Null if each plugin's own policy applies.",
    ),
    dedupe: JobDedupe.nullable().describe(
      "The key that it was submitted with. Null if it had none.",
    ),
    debounce: JobDebounce.nullable().describe(
      "The window of requests that it was made from. Null if it was submitted without `debounce`.",
    ),
    schedule: JobSchedule.nullable().describe("The schedule that made the job. Null if none did."),
    ...timings,
    waitingFor: WaitingFor.nullable().describe(
      "What the job waits for before it can run. Null if it does not wait. A job that waits has the status `queued`, and other jobs run in the meantime.",
    ),
    progress: StepProgress.nullable().describe(
      "Progress of the running step. Null when its plugin has not reported any.",
    ),
    steps: z.array(JobStep).describe("One step per plugin, in order."),
    ...ending,
    output: JsonValue.describe(
      "The last plugin's output. Null until the job has completed, and after `payloadsRemovedAt`.",
    ),
    input: JsonValue.describe("The first plugin's input. Null after `payloadsRemovedAt`."),
    inputTruncated: z
      .boolean()
      .describe("True when the input has more bytes than `maxBytes`. `input` is then null."),
    webhook: JobWebhook.nullable().describe("The job's own webhook."),
    traceId: z
      .string()
      .nullable()
      .describe(
        "The trace that the job belongs to: that of its newest request, if a client has retried it. Null if there is none.",
      ),
    traceUrl: z
      .string()
      .nullable()
      .describe("Where the trace is shown. Null without a trace or `PLAYGROUND_TRACE_URL`."),
    url: z.string().describe("URL of the job."),
  })
  .meta({ id: "Job", examples: [SAMPLE_JOB] });

export type Job = z.infer<typeof Job>;

/** The job of a request that waited for its end. */
export const SubmittedJob = Job.extend({ deduplicated, debounced }).meta({
  id: "SubmittedJob",
  examples: [SAMPLE_JOB],
});

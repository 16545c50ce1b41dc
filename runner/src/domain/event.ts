/**
 * Builds the payloads of the four kinds of event. They have the fields of the webhook integration guide
 * (docs/reference/events.md), and in addition `sequence`, `jobName`, `metadata`, `jobUrl`, `schedule`,
 * `errorCode`, `attempts` and the fields of `result`. Each kind has one shape: all keys are always present with one type.
 */
import type { Failure } from "./errors.ts";
import type { CompletedStep, JobSpec } from "./job-spec.ts";
import { jobScheduleView } from "./schedule.ts";
import { jsonArray, jsonObject, NULL_JSON, toJsonText, type JsonText } from "./json-text.ts";

export const EVENT_KINDS = ["started", "progress", "completed", "failed"] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** In bytes. A larger payload leaves out the input or the outputs and links to the job. */
export const MAX_EVENT_BYTES = 1024 * 1024;

export interface JobEvent {
  readonly kind: EventKind;
  /** Counts from 1 within the job. */
  readonly sequence: number;
  readonly at: number;
  /** The payload. Every attempt sends exactly these bytes. Empty when it was removed. */
  readonly body: JsonText;
}

interface Common {
  readonly job: JobSpec;
  readonly sequence: number;
  readonly at: number;
  readonly jobUrl: string;
}

function envelope(
  kind: EventKind,
  { job, sequence, at, jobUrl }: Common,
): Record<string, JsonText> {
  return {
    status: toJsonText(kind),
    jobId: toJsonText(job.id),
    timestamp: toJsonText(new Date(at).toISOString()),
    sequence: toJsonText(sequence),
    jobName: toJsonText(job.name),
    metadata: job.metadata,
    jobUrl: toJsonText(jobUrl),
    schedule: toJsonText(job.schedule === undefined ? null : jobScheduleView(job.schedule)),
  };
}

function names(job: JobSpec): string[] {
  return job.plugins.map((plugin) => plugin.name);
}

function toEvent(kind: EventKind, common: Common, fields: Record<string, JsonText>): JobEvent {
  const body = jsonObject({ ...envelope(kind, common), ...fields });
  return { kind, sequence: common.sequence, at: common.at, body };
}

export function fitsIntoEvent(body: JsonText): boolean {
  // A UTF-16 code unit has at most three bytes in UTF-8, so most bodies need not be counted.
  return body.length * 3 <= MAX_EVENT_BYTES || Buffer.byteLength(body) <= MAX_EVENT_BYTES;
}

/**
 * Builds the event without its payload if it would be over the limit. A payload that is over the
 * limit by itself is never built, because more than 512 MiB do not fit into a string.
 */
function withinLimit(
  payload: readonly JsonText[],
  build: (truncated: boolean) => JobEvent,
): JobEvent {
  const length = payload.reduce((sum, text) => sum + text.length, 0);
  if (length > MAX_EVENT_BYTES) return build(true);
  const whole = build(false);
  return fitsIntoEvent(whole.body) ? whole : build(true);
}

export function startedEvent(common: Common): JobEvent {
  const { job } = common;
  return withinLimit([job.input], (truncated) =>
    toEvent("started", common, {
      config: jsonObject({
        input: truncated ? NULL_JSON : job.input,
        plugins: toJsonText(names(job)),
        truncated: toJsonText(truncated),
      }),
    }),
  );
}

export function progressEvent(
  event: Common & { completedSteps: readonly CompletedStep[] },
): JobEvent {
  const { job, completedSteps } = event;
  const last = completedSteps.at(-1);
  return toEvent("progress", event, {
    pluginName: toJsonText(last?.plugin ?? null),
    metrics: toJsonText(last?.metrics ?? null),
    progress: toJsonText({
      status: "running",
      completedPlugins: completedSteps.map((step) => step.plugin),
      currentPlugin: job.plugins[completedSteps.length]?.name ?? null,
    }),
  });
}

export function completedEvent(
  event: Common & {
    job: { startedAt: number };
    completedSteps: readonly CompletedStep[];
    linkFiles?: (output: JsonText) => JsonText;
  },
): JobEvent {
  const { job, completedSteps, at, linkFiles = (output) => output } = event;
  const durations = completedSteps.map((step) => step.metrics.duration);
  const totalDuration = durations.reduce((sum, duration) => sum + duration, 0);
  const unlinked = completedSteps.map((step) => step.output);
  return withinLimit(unlinked, (truncated) => {
    // Outputs that are left out are not searched for references.
    const outputs = truncated ? [] : unlinked.map(linkFiles);
    return toEvent("completed", event, {
      result: jsonObject({
        metrics: jsonArray(
          completedSteps.map((step) => jsonObject({ [step.plugin]: toJsonText(step.metrics) })),
        ),
        summary: toJsonText({
          totalProcessed: completedSteps.reduce((sum, s) => sum + s.metrics.processedItems, 0),
          averageTime: totalDuration / Math.max(1, completedSteps.length),
        }),
        output: outputs.at(-1) ?? NULL_JSON,
        outputs: jsonArray(
          outputs.map((output, index) =>
            jsonObject({ [completedSteps[index]?.plugin ?? ""]: output }),
          ),
        ),
        truncated: toJsonText(truncated),
      }),
      summary: toJsonText({
        duration: Math.max(0, at - job.startedAt),
        completedPlugins: completedSteps.map((step) => step.plugin),
      }),
    });
  });
}

export function failedEvent(
  event: Common & { completedCount: number; failure: Failure; attempts: number },
): JobEvent {
  const { job, completedCount, failure, attempts } = event;
  const plugins = names(job);
  return toEvent("failed", event, {
    error: toJsonText(failure.message),
    errorCode: toJsonText(failure.code),
    attempts: toJsonText(attempts),
    progress: toJsonText({
      status: "failed",
      error: failure.message,
      completedPlugins: plugins.slice(0, completedCount),
      currentPlugin: plugins[completedCount] ?? plugins.at(-1) ?? null,
    }),
  });
}

import { pluginNames } from "../../domain/job.ts";
import type { JobKey } from "../../domain/job-key.ts";
import type { WaitingFor } from "../../domain/waiting-for.ts";
import type { PluginCall } from "../../domain/job-spec.ts";
import { jobScheduleView } from "../../domain/schedule.ts";
import { jsonArray, NULL_JSON, toJsonText, type JsonText } from "../../domain/json-text.ts";
import { traceIdOf } from "../../domain/trace-context.ts";
import type { Engine } from "../../engine/engine.ts";
import type { StepProgress } from "../../ports/job-signal.ts";
import type { StoredAttempt, StoredJob, StoredStep } from "../../ports/store/jobs.ts";
import type { AcceptedJob, Job, JobStep } from "../contract/job.ts";
import { instantText, jsonFields } from "./json-fields.ts";
import { jobWebhookText } from "./job-webhook.ts";

export type JobUrl = (jobId: string) => string;

export function acceptedJobText(job: AcceptedJob): JsonText {
  return toJsonText(job);
}

export type JoinedFlag = Pick<AcceptedJob, "deduplicated" | "debounced">;

/** Adds what became of the request, if it made no job of its own. */
export function submittedText(job: JsonText, joined: JoinedFlag): JsonText {
  const [name] = Object.keys(joined);
  return name === undefined ? job : (`{"${name}":true,${job.slice(1)}` as JsonText);
}

export interface JobContext {
  readonly progress: StepProgress | null;
  readonly jobUrl: JobUrl;
  readonly shownOf: Engine["shownOf"];
  readonly explainWait: Engine["explainWait"];
  readonly traceUrl: Engine["traceUrl"];
  /** A longer input is left out. Without it, none is. */
  readonly maxInputBytes?: number;
}

/** Inserts inputs and outputs as the stored text, of any size, without parsing them. */
export function jobText(job: StoredJob, context: JobContext): JsonText {
  const { progress, jobUrl, shownOf, maxInputBytes = Infinity } = context;
  const { spec, status, failure, steps } = job;
  const byIndex = new Map(steps.map((step) => [step.index, step]));
  const running =
    status === "running"
      ? spec.plugins.findIndex((_, index) => byIndex.get(index)?.status !== "completed")
      : -1;
  const isInputLeftOut =
    job.payloadsRemovedAt === null && Buffer.byteLength(spec.input) > maxInputBytes;
  const traceId = spec.trace === undefined ? null : traceIdOf(spec.trace);
  const last = byIndex.get(spec.plugins.length - 1);
  return jsonFields<Job>({
    jobId: toJsonText(spec.id),
    status: toJsonText(status),
    name: toJsonText(spec.name),
    metadata: spec.metadata,
    plugins: toJsonText(pluginNames(spec)),
    tags: toJsonText(job.tags),
    priority: toJsonText(spec.priority),
    timeoutMs: toJsonText(spec.timeoutMs),
    retry: toJsonText(spec.retry ?? null),
    dedupe: toJsonText(job.key?.kind === "dedupe" ? dedupeView(job.key) : null),
    debounce: toJsonText(debounceView(job.key)),
    schedule: toJsonText(spec.schedule === undefined ? null : jobScheduleView(spec.schedule)),
    createdAt: instantText(spec.createdAt),
    runAt: instantText(spec.runAt),
    startedAt: instantText(job.startedAt),
    endedAt: instantText(job.endedAt),
    payloadsRemovedAt: instantText(job.payloadsRemovedAt),
    waitingFor: waitingForText(job.waitingFor, context),
    progress: status === "running" ? progressText(progress) : NULL_JSON,
    steps: jsonArray(
      spec.plugins.map((plugin, index) =>
        stepText(plugin, {
          // A step that runs again after a failure does not show its earlier result.
          record: index === running ? "running" : byIndex.get(index),
          attempts: job.attempts.filter(({ step }) => step === index),
        }),
      ),
    ),
    error: toJsonText(failure?.message ?? null),
    errorCode: toJsonText(failure?.code ?? null),
    output: (status === "completed" ? last?.output : null) ?? NULL_JSON,
    input: isInputLeftOut ? NULL_JSON : spec.input,
    inputTruncated: toJsonText(isInputLeftOut),
    webhook: job.webhook === null ? NULL_JSON : jobWebhookText(job.webhook, shownOf),
    traceId: toJsonText(traceId),
    traceUrl: toJsonText(traceId === null ? null : context.traceUrl(traceId)),
    url: toJsonText(jobUrl(spec.id)),
  });
}

function dedupeView({ key, span, until }: JobKey) {
  return {
    key,
    while: span === "ttl" ? null : span,
    until: until === null ? null : new Date(until).toISOString(),
  };
}

function debounceView(key: JobKey | undefined) {
  if (key?.window === undefined) return null;
  const { mode, collect, merged } = key.window;
  return { key: key.key, mode, collect, merged, until: new Date(key.until ?? 0).toISOString() };
}

export function waitingForText(
  waitingFor: WaitingFor | null,
  { explainWait }: Pick<JobContext, "explainWait">,
): JsonText {
  if (waitingFor === null) return NULL_JSON;
  const { kind, since } = waitingFor;
  return toJsonText({
    kind,
    on: kind === "retry" ? null : waitingFor.on,
    detail: explainWait(waitingFor),
    since: new Date(since).toISOString(),
  });
}

export function progressText(progress: StepProgress | null): JsonText {
  return progress === null ? NULL_JSON : toJsonText(progressView(progress));
}

export function progressView({ fraction, message, at }: StepProgress) {
  return { fraction, message, at: new Date(at).toISOString() };
}

function stepText(
  plugin: PluginCall,
  {
    record,
    attempts,
  }: { record: StoredStep | "running" | undefined; attempts: readonly StoredAttempt[] },
): JsonText {
  const step = record === "running" ? undefined : record;
  const newest = attempts.at(-1);
  const failed = newest === undefined || newest.isPast ? 0 : newest.number;
  return jsonFields<JobStep>({
    plugin: toJsonText(plugin.name),
    options: plugin.options,
    status: toJsonText(record === "running" ? "running" : (step?.status ?? "pending")),
    startedAt: instantText(step?.startedAt ?? null),
    endedAt: instantText(step?.endedAt ?? null),
    metrics: toJsonText(step?.metrics ?? null),
    output: step?.output ?? NULL_JSON,
    truncated: toJsonText(step?.truncated ?? false),
    error: toJsonText(step?.failure?.message ?? null),
    errorCode: toJsonText(step?.failure?.code ?? null),
    attempt: toJsonText(record === undefined ? failed : failed + 1),
    failedAttempts: toJsonText(attempts.map(attemptView)),
  });
}

function attemptView({ number, startedAt, endedAt, failure }: StoredAttempt) {
  return {
    attempt: number,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
    error: failure.message,
    errorCode: failure.code,
  };
}

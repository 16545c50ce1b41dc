import { pluginNames, type WaitingFor } from "../../domain/job.ts";
import type { PluginCall } from "../../domain/job-spec.ts";
import { jsonArray, NULL_JSON, toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { Engine, StepProgress } from "../../engine/engine.ts";
import type { JobSummary as StoredSummary, StoredJob, StoredStep } from "../../ports/store/jobs.ts";
import type { AcceptedJob, Job, JobStep, JobSummary } from "../contract/job.ts";
import { instantText, jsonFields } from "./json-fields.ts";
import { jobWebhookText } from "./job-webhook.ts";

export type JobUrl = (jobId: string) => string;

export function acceptedJobText(job: AcceptedJob): JsonText {
  return toJsonText(job);
}

export function jobSummaryText(job: StoredSummary, jobUrl: JobUrl): JsonText {
  return jsonFields<JobSummary>({
    jobId: toJsonText(job.id),
    status: toJsonText(job.status),
    name: toJsonText(job.name),
    plugins: toJsonText(job.plugins),
    priority: toJsonText(job.priority),
    createdAt: instantText(job.createdAt),
    runAt: instantText(job.runAt),
    startedAt: instantText(job.startedAt),
    endedAt: instantText(job.endedAt),
    completedSteps: toJsonText(job.completedSteps),
    error: toJsonText(job.failure?.message ?? null),
    errorCode: toJsonText(job.failure?.code ?? null),
    url: toJsonText(jobUrl(job.id)),
  });
}

export interface JobContext {
  readonly progress: StepProgress | null;
  readonly jobUrl: JobUrl;
  readonly headerNames: Engine["headerNames"];
  readonly explainWait: Engine["explainWait"];
}

/** Inserts inputs and outputs as the stored text, of any size, without parsing them. */
export function jobText(job: StoredJob, context: JobContext): JsonText {
  const { progress, jobUrl, headerNames } = context;
  const { spec, status, failure, steps } = job;
  const byIndex = new Map(steps.map((step) => [step.index, step]));
  const running =
    status === "running"
      ? spec.plugins.findIndex((_, index) => byIndex.get(index)?.status !== "completed")
      : -1;
  const last = byIndex.get(spec.plugins.length - 1);
  return jsonFields<Job>({
    jobId: toJsonText(spec.id),
    status: toJsonText(status),
    name: toJsonText(spec.name),
    metadata: spec.metadata,
    plugins: toJsonText(pluginNames(spec)),
    priority: toJsonText(spec.priority),
    timeoutMs: toJsonText(spec.timeoutMs),
    createdAt: instantText(spec.createdAt),
    runAt: instantText(spec.runAt),
    startedAt: instantText(job.startedAt),
    endedAt: instantText(job.endedAt),
    waitingFor: waitingForText(job.waitingFor, context),
    progress: status === "running" ? progressText(progress) : NULL_JSON,
    steps: jsonArray(
      spec.plugins.map((plugin, index) =>
        // A step that runs again after a failure does not show its earlier result.
        index === running ? stepText(plugin, "running") : stepText(plugin, byIndex.get(index)),
      ),
    ),
    error: toJsonText(failure?.message ?? null),
    errorCode: toJsonText(failure?.code ?? null),
    output: (status === "completed" ? last?.output : null) ?? NULL_JSON,
    input: spec.input,
    webhook: job.webhook === null ? NULL_JSON : jobWebhookText(job.webhook, headerNames),
    url: toJsonText(jobUrl(spec.id)),
  });
}

function waitingForText(
  waitingFor: WaitingFor | null,
  { explainWait }: Pick<JobContext, "explainWait">,
): JsonText {
  if (waitingFor === null) return NULL_JSON;
  const { kind, since } = waitingFor;
  return toJsonText({
    kind,
    detail: explainWait(waitingFor),
    since: new Date(since).toISOString(),
  });
}

export function progressText(progress: StepProgress | null): JsonText {
  if (progress === null) return NULL_JSON;
  const { fraction, message, at } = progress;
  return toJsonText({ fraction, message, at: new Date(at).toISOString() });
}

function stepText(plugin: PluginCall, record: StoredStep | "running" | undefined): JsonText {
  const step = record === "running" ? undefined : record;
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
  });
}

import { stepStates } from "../../domain/step-states.ts";
import { NULL_JSON, toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { Engine } from "../../engine/engine.ts";
import type { JobSummary as StoredSummary } from "../../ports/store/jobs.ts";
import type { JobSummary } from "../contract/job-summary.ts";
import { progressText, waitingForText, type JobUrl } from "./job.ts";
import { instantText, jsonFields } from "./json-fields.ts";

export function jobSummaryText(
  job: StoredSummary,
  context: Pick<Engine, "stepProgress" | "explainWait"> & { readonly jobUrl: JobUrl },
): JsonText {
  const { id, status, plugins, failure } = job;
  const states = stepStates(job);
  return jsonFields<JobSummary>({
    jobId: toJsonText(id),
    status: toJsonText(status),
    name: toJsonText(job.name),
    plugins: toJsonText(plugins),
    tags: toJsonText(job.tags),
    priority: toJsonText(job.priority),
    createdAt: instantText(job.createdAt),
    runAt: instantText(job.runAt),
    startedAt: instantText(job.startedAt),
    endedAt: instantText(job.endedAt),
    payloadsRemovedAt: instantText(job.payloadsRemovedAt),
    completedSteps: toJsonText(job.completedSteps),
    steps: toJsonText(plugins.map((plugin, index) => ({ plugin, status: states[index] }))),
    progress: status === "running" ? progressText(context.stepProgress(id)) : NULL_JSON,
    attempts: toJsonText(job.failedAttempts + job.stepAttempts),
    waitingFor: waitingForText(job.waitingFor, context),
    error: toJsonText(failure?.message ?? null),
    errorCode: toJsonText(failure?.code ?? null),
    errorGroup: toJsonText(job.errorGroup),
    deliveries: toJsonText(job.deliveries),
    url: toJsonText(context.jobUrl(id)),
  });
}

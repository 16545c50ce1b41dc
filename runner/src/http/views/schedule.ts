import { EVENT_KINDS } from "../../domain/event.ts";
import { toJsonText, type JsonText } from "../../domain/json-text.ts";
import { localTime } from "../../domain/local-time.ts";
import type { Slot } from "../../domain/schedule.ts";
import { DEFAULT_TIMEOUT_MS } from "../../domain/webhook.ts";
import type { JobRequest, WebhookTarget } from "../../engine/requests.ts";
import type { StoredSchedule, StoredSlot } from "../../ports/store/schedules.ts";
import type { Schedule, ScheduleSlot, ShownJob } from "../contract/schedule.ts";
import { maskHeaders } from "./job-webhook.ts";
import { instantText, jsonFields } from "./json-fields.ts";

export function scheduleText(
  schedule: StoredSchedule,
  { job, lastSlot }: { job: JobRequest; lastSlot: StoredSlot | null },
): JsonText {
  const { definition, next } = schedule;
  const { timing, timezone } = definition;
  const isEnded = schedule.state === "active" && next === null;
  return jsonFields<Schedule>({
    id: toJsonText(schedule.id),
    key: toJsonText(schedule.key),
    cron: toJsonText(timing.kind === "cron" ? timing.cron : null),
    everyMs: toJsonText(timing.kind === "every" ? timing.everyMs : null),
    at: instantText(timing.kind === "at" ? timing.at : null),
    timezone: toJsonText(timezone),
    job: toJsonText(shownJob(job)),
    overlap: toJsonText(definition.overlap),
    catchUp: toJsonText(definition.catchUp),
    catchUpWindowMs: toJsonText(definition.catchUpWindowMs),
    jitterMs: toJsonText(definition.jitterMs),
    pauseOnFailures: toJsonText(definition.pauseOnFailures),
    startAt: instantText(definition.startAt),
    endAt: instantText(definition.endAt),
    state: toJsonText(isEnded ? "ended" : schedule.state),
    pausedBy: toJsonText(schedule.pausedBy),
    reason: toJsonText(schedule.reason),
    pausedAt: instantText(schedule.pausedAt),
    failures: toJsonText(schedule.failures),
    nextSlot: instantText(next?.slot ?? null),
    nextDueAt: instantText(next?.dueAt ?? null),
    bufferedSlot: instantText(schedule.bufferedSlot),
    lastSlot: toJsonText(lastSlot && slotView(lastSlot, timezone)),
    createdAt: instantText(schedule.createdAt),
    updatedAt: instantText(schedule.updatedAt),
  });
}

function shownJob(job: JobRequest): ShownJob {
  return {
    plugins: job.plugins.map(({ name, options }) => ({ name, options })),
    input: job.input,
    webhook: job.webhook && shownWebhook(job.webhook),
    name: job.name,
    metadata: job.metadata,
    tags: [...(job.tags ?? [])],
    priority: job.priority,
    timeoutMs: job.timeoutMs,
    retry: job.retry ?? null,
  };
}

function shownWebhook(webhook: WebhookTarget) {
  const { url, headers, on, retries, timeoutMs, verifyTls = true, secret } = webhook;
  return {
    url,
    headers: maskHeaders(Object.keys(headers)),
    on: [...(on ?? EVENT_KINDS)],
    retries,
    timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
    verifyTls,
    signed: secret !== undefined,
  };
}

export function previewedSlotView(slot: number, timezone: string) {
  return { slot: new Date(slot).toISOString(), local: localTime(slot, timezone) };
}

export function nextSlotView({ slot, dueAt }: Slot, timezone: string) {
  return { ...previewedSlotView(slot, timezone), dueAt: new Date(dueAt).toISOString() };
}

export function slotView(slot: StoredSlot, timezone: string): ScheduleSlot {
  return {
    ...nextSlotView(slot, timezone),
    state: slot.state,
    manual: slot.isManual,
    reason: slot.reason,
    detail: slot.detail,
    decidedAt: new Date(slot.decidedAt).toISOString(),
    jobId: slot.jobId,
    jobState: slot.job,
  };
}

/** What happened to a job, in order: when it was accepted, its steps, its events. Pure. */
import type { JobStep } from "../../api/schema.ts";
import type { JobStory, ToldDelivery } from "./job-story.ts";

export interface Span {
  /** In ms since the epoch. */
  readonly from: number;
  readonly to: number;
}

type FailedAttempt = JobStep["failedAttempts"][number];

export type Entry = { readonly key: string; readonly at: number } & (
  | { readonly kind: "accepted"; readonly span: Span; readonly isOver: boolean }
  | { readonly kind: "step"; readonly span: Span; readonly step: JobStep; readonly index: number }
  | {
      readonly kind: "attempt";
      readonly span: Span;
      readonly plugin: string;
      readonly failed: FailedAttempt;
    }
  | {
      readonly kind: "event";
      readonly event: JobStory["events"][number];
      readonly deliveries: readonly ToldDelivery[];
      readonly spans: readonly Span[];
    }
);

/** The part of time that the bars are drawn on. */
export interface Axis {
  readonly from: number;
  readonly to: number;
}

export function tellTimeline({ job, events, deliveries }: JobStory, now: number): readonly Entry[] {
  const createdAt = Date.parse(job.createdAt);
  const startedAt = job.startedAt === null ? null : Date.parse(job.startedAt);
  // A job keeps its start when it is retried, and runs again after it has failed.
  const retriedAt = events.findLast(({ status }) => status === "failed")?.timestamp;
  const runningFrom = retriedAt === undefined ? startedAt : Date.parse(retriedAt) + 1;
  const endedAt = job.endedAt === null ? null : Date.parse(job.endedAt);
  const accepted: Entry = {
    key: "accepted",
    kind: "accepted",
    at: createdAt,
    span: { from: createdAt, to: startedAt ?? endedAt ?? now },
    isOver: startedAt !== null || endedAt !== null,
  };
  const steps = job.steps.flatMap((step, index) =>
    tellStep({ step, index, runningFrom, runAt: Date.parse(job.runAt), now }, job.steps),
  );
  const attempts = job.steps.flatMap((step, index) => tellAttempts(step, index));
  const told = events.map((event) => tellEvent(event, deliveries));
  return [accepted, ...attempts, ...steps, ...told].toSorted(
    (a, b) => a.at - b.at || rank(a) - rank(b) || sequenceOf(a) - sequenceOf(b),
  );
}

/** The order of what happens in the same millisecond: a step's end comes before the next step. */
const RANKS = { started: 1, progress: 2, completed: 4, failed: 4 } as const;

function rank(entry: Entry): number {
  switch (entry.kind) {
    case "accepted":
      return 0;
    case "event":
      return RANKS[entry.event.status];
    case "attempt":
    case "step":
      return 3;
  }
}

function sequenceOf(entry: Entry): number {
  return entry.kind === "event" ? entry.event.sequence : 0;
}

interface Given {
  readonly step: JobStep;
  readonly index: number;
  /** When the job began to run, this time. */
  readonly runningFrom: number | null;
  readonly runAt: number;
  readonly now: number;
}

function tellAttempts(
  { plugin, failedAttempts }: Pick<JobStep, "plugin" | "failedAttempts">,
  index: number,
): Entry[] {
  return failedAttempts.map((failed, before) => {
    const span = { from: Date.parse(failed.startedAt), to: Date.parse(failed.endedAt) };
    const key = `attempt ${index} ${before + 1}`;
    return { key, kind: "attempt", at: span.from, span, plugin, failed };
  });
}

function tellStep(
  { step, index, runningFrom, runAt, now }: Given,
  steps: readonly JobStep[],
): Entry[] {
  if (step.status === "pending") return [];
  const before = steps[index - 1]?.endedAt ?? null;
  // The API knows when a running step started only once it has ended.
  const known = Date.parse(step.startedAt ?? "");
  const tried = step.failedAttempts.at(-1);
  // The job's `runAt` is when the attempt after one that failed was to begin.
  const afterTries = tried === undefined ? 0 : Math.max(Date.parse(tried.endedAt), runAt);
  const guess = Math.max(Date.parse(before ?? "") || 0, runningFrom ?? 0, afterTries) || now;
  const from = known || guess;
  const to = step.endedAt === null ? now : Date.parse(step.endedAt);
  return [{ key: `step ${index}`, kind: "step", at: from, span: { from, to }, step, index }];
}

function tellEvent(event: JobStory["events"][number], deliveries: readonly ToldDelivery[]): Entry {
  const own = deliveries.filter(({ sequence }) => sequence === event.sequence);
  return {
    key: `event ${event.sequence}`,
    kind: "event",
    at: Date.parse(event.timestamp),
    event,
    deliveries: own,
    spans: own.flatMap(({ attempts = [] }) =>
      attempts.map(({ at, durationMs }) => ({
        from: Date.parse(at),
        to: Date.parse(at) + durationMs,
      })),
    ),
  };
}

/** Retries that come much later than the job would make everything else a point. */
const MAX_AFTER = 0.6;
/** A wait in the queue that is much longer than the job is cut off too. */
const MAX_BEFORE = 2;

export function axisOf(entries: readonly Entry[], { job }: JobStory, now: number): Axis {
  const createdAt = Date.parse(job.createdAt);
  const startedAt = job.startedAt === null ? createdAt : Date.parse(job.startedAt);
  const endedAt = job.endedAt === null ? now : Date.parse(job.endedAt);
  const ran = Math.max(1, endedAt - startedAt);
  const from = startedAt - createdAt > MAX_BEFORE * ran ? startedAt - 0.05 * ran : createdAt;
  const latest = Math.max(
    endedAt,
    ...entries.flatMap((entry) => (entry.kind === "event" ? entry.spans.map(({ to }) => to) : [])),
  );
  return { from, to: Math.min(latest, endedAt + MAX_AFTER * (endedAt - from)) };
}

/** Where a span is on the axis, in per cent. What is outside is drawn at the edge. */
export function placeOf(
  { from, to }: Span,
  axis: Axis,
): { readonly left: number; readonly width: number } {
  const whole = Math.max(1, axis.to - axis.from);
  const clamp = (at: number): number =>
    Math.min(100, Math.max(0, ((at - axis.from) / whole) * 100));
  const left = Math.min(clamp(from), 98.5);
  return { left, width: Math.max(1.5, clamp(to) - left) };
}

/** "18 ms", "3.94 s", "2:05", "+1:02:05" since the job was accepted. */
export function formatOffset(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 100_000) return `${(ms / 1_000).toFixed(2)} s`;
  const seconds = Math.floor(ms / 1_000);
  const pad = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3_600);
  const rest = `${hours > 0 ? pad(Math.floor(seconds / 60) % 60) : Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** "attempt 2 of 3", or "attempt 2" by the policy of the plugin, which the job does not tell. */
export function nameAttempt(
  { attempt }: { readonly attempt: number },
  { retry }: Pick<JobStory["job"], "retry">,
): string {
  return `attempt ${attempt}${retry === null ? "" : ` of ${retry.attempts}`}`;
}

/** What the model store holds: plain arrays, nothing indexed, nothing kept that can be counted. */
import type { EventKind, JobEvent } from "../../../src/domain/event.ts";
import type { StepRecord } from "../../../src/domain/job.ts";
import type { JobStatus } from "../../../src/domain/job-spec.ts";
import type { BatchEvent, NewBatch } from "../../../src/ports/store/batches.ts";
import type { DeliveryKind } from "../../../src/ports/store/deliveries.ts";
import type { JobWebhook, NewWebhook, WebhookState } from "../../../src/ports/store/webhooks.ts";
import type { NewJob } from "../../../src/ports/store/jobs.ts";

export interface Lease {
  readonly owner: string;
  readonly until: number;
}

export interface ModelJob {
  readonly spec: NewJob;
  status: JobStatus;
  fence: number;
  sequence: number;
  stepAttempts: number;
  startedAt: number | null;
  endedAt: number | null;
  lease: Lease | null;
  steps: StepRecord[];
  readonly events: JobEvent[];
}

export interface ModelBatch {
  readonly spec: NewBatch;
  readonly jobIds: readonly string[];
  webhook: JobWebhook | null;
  callback: BatchEvent | null;
}

export interface ModelWebhook {
  spec: NewWebhook;
  state: WebhookState;
  reason: string | null;
  failingSince: number | null;
}

export interface ModelLane {
  readonly key: string;
  readonly number: number;
  ratePerSecond: number | null;
  holdUntil: number;
  turn: number;
}

export interface ModelDelivery {
  readonly subjectId: string;
  readonly jobId: string | null;
  readonly webhookId: string;
  readonly laneKey: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly body: string;
  readonly eventAt: number;
  /** Order of making, which decides between deliveries that are due at the same instant. */
  readonly order: number;
  state: "waiting" | "due" | "delivered" | "dead";
  dueAt: number | null;
  attempts: number;
  retriesUsed: number;
  reason: string | null;
  lease: Lease | null;
}

export interface ModelState {
  /** Whether one daemon alone can open the data. */
  readonly exclusive: boolean;
  jobs: ModelJob[];
  batches: ModelBatch[];
  webhooks: ModelWebhook[];
  lanes: ModelLane[];
  deliveries: ModelDelivery[];
  /** Lanes and deliveries made, and turns taken, so far. */
  made: number;
  turns: number;
}

export function newState(exclusive: boolean): ModelState {
  const none = { jobs: [], batches: [], webhooks: [], lanes: [], deliveries: [] };
  return { exclusive, ...none, made: 0, turns: 0 };
}

export function isPending({ state }: ModelDelivery): boolean {
  return state === "waiting" || state === "due";
}

export function isGone(
  state: ModelState,
  lease: Lease | null,
  { owner, now }: { owner: string; now: number },
): boolean {
  return lease !== null && (lease.until < now || (state.exclusive && lease.owner !== owner));
}

/** The webhooks that want an event, a job's own first. */
export function receiversOf(
  state: ModelState,
  job: ModelJob,
  event: { kind: EventKind; at: number },
): { id: string; laneKey: string }[] {
  const { webhook, name, plugins } = job.spec;
  const own =
    webhook === null ? [] : [{ id: webhook.id, on: webhook.on, laneKey: webhook.lane.key }];
  const persistent = state.webhooks
    .filter(({ state: is, spec }) => is !== "off" && event.at < (spec.expiresAt ?? Infinity))
    .filter(({ spec }) => spec.jobName === null || spec.jobName === name)
    .filter(({ spec }) => plugins.some((plugin) => spec.plugins?.includes(plugin.name) ?? true))
    .map(({ spec }) => ({ id: spec.id, on: spec.on, laneKey: spec.id }));
  return [...own, ...persistent].filter(({ on }) => on === null || on.includes(event.kind));
}

/** Lanes that no webhook has are forgotten. */
export function forgetLanes(state: ModelState): void {
  const own = [...state.jobs.map(({ spec }) => spec), ...state.batches].map(
    ({ webhook }) => webhook?.lane.key,
  );
  const used = new Set([...own, ...state.webhooks.map(({ spec }) => spec.id)]);
  state.lanes = state.lanes.filter(({ key }) => used.has(key));
}

/** A hold of the lane is over. */
export function letGo(state: ModelState, key: string, now: number): void {
  const lane = state.lanes.find((each) => each.key === key);
  if (lane !== undefined) lane.holdUntil = Math.min(lane.holdUntil, now);
}

export function openLane(
  state: ModelState,
  { key, ratePerSecond }: { key: string; ratePerSecond: number | null },
): void {
  const known = state.lanes.find((lane) => lane.key === key);
  if (known !== undefined) {
    known.ratePerSecond = ratePerSecond;
    return;
  }
  state.made += 1;
  state.lanes.push({ key, number: state.made, ratePerSecond, holdUntil: 0, turn: 0 });
}

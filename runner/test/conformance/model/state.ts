/** The model store's state: plain arrays, without indexes or stored counts. */
import type { Bucket } from "../../../src/domain/destination.ts";
import type { EventKind, JobEvent } from "../../../src/domain/event.ts";
import type { LimitNumbers, LimitOverride, StepLimit } from "../../../src/domain/plugin-limits.ts";
import type { ScheduleDefinition, Slot } from "../../../src/domain/schedule.ts";
import type { LimitPause } from "../../../src/ports/store/limits.ts";
import type { PausedBy, StoredSlot } from "../../../src/ports/store/schedules.ts";
import type { StoredAttempt } from "../../../src/ports/store/jobs.ts";
import type { StepRecord } from "../../../src/domain/transition.ts";
import type { WaitingForPlugin } from "../../../src/domain/waiting-for.ts";
import type { JobStatus } from "../../../src/domain/job-spec.ts";
import type { BatchEvent, NewBatch } from "../../../src/ports/store/batches.ts";
import type { DeliveryKind } from "../../../src/ports/store/deliveries.ts";
import type { JobWebhook, NewWebhook, WebhookState } from "../../../src/ports/store/webhooks.ts";
import type { Idempotency, NewJob, NewJobKey } from "../../../src/ports/store/jobs.ts";

export interface Lease {
  readonly owner: string;
  readonly until: number;
}

export interface ModelJob {
  spec: NewJob;
  /** The requests that got this job although another made it. */
  readonly joined: Idempotency[];
  /** Null if it has none. Its identity is empty if a later job has it. */
  key: NewJobKey | null;
  status: JobStatus;
  fence: number;
  sequence: number;
  stepAttempts: number;
  startedAt: number | null;
  endedAt: number | null;
  payloadsRemovedAt: number | null;
  lease: Lease | null;
  waitingFor: WaitingForPlugin | null;
  /** When it can be claimed, which a retry of a step moves on. */
  runAt: number;
  /** Whether that has come, as far as a claim has seen. */
  isDue: boolean;
  steps: StepRecord[];
  /** Steps that failed and were followed by another attempt. */
  attempts: StoredAttempt[];
  /** The number of the newest ones that belong to the next step, and how long they ran. */
  failedAttempts: number;
  failedMs: number;
  events: JobEvent[];
  /** The limit of the next step since the job came into the queue, and whether it has a slot there. */
  limit: StepLimit | null;
  hasSlot: boolean;
}

export interface ModelLimit {
  declared: LimitNumbers;
  override: LimitOverride | null;
  by: string | null;
  at: number | null;
  /** Until when the steps that began are paid for at the rate, by key; null is the whole limit. */
  readonly paces: Map<string | null, number>;
  readonly pauses: Map<string | null, LimitPause & { readonly isSpan: boolean }>;
}

export type ModelSlot = {
  -readonly [Field in keyof Omit<StoredSlot, "number" | "detail">]: StoredSlot[Field];
};

export interface ModelSchedule {
  readonly id: string;
  readonly key: string;
  definition: ScheduleDefinition;
  state: "active" | "paused";
  pausedBy: PausedBy | null;
  pausedAt: number | null;
  next: Slot | null;
  decidedSlot: number | null;
  firedSlot: number | null;
  bufferedSlot: number | null;
  failures: number;
  version: number;
  readonly createdAt: number;
  updatedAt: number;
  /** In the order in which they were decided. */
  slots: ModelSlot[];
}

export interface ModelBatch {
  readonly spec: NewBatch;
  readonly jobIds: readonly string[];
  webhook: JobWebhook | null;
  callback: BatchEvent | null;
  payloadsRemovedAt: number | null;
}

export interface ModelWebhook {
  spec: NewWebhook;
  state: WebhookState;
  reason: string | null;
  failingSince: number | null;
  version: number;
}

export interface ModelDestination {
  readonly key: string;
  readonly number: number;
  ratePerSecond: number | null;
  failuresInRow: number;
  pausedUntil: number;
  bucket: Bucket;
  /** The delivery that probes an open circuit. */
  probe: ModelDelivery | null;
  served: number;
}

export interface ModelDelivery {
  readonly subjectId: string;
  readonly jobId: string | null;
  readonly webhookId: string;
  readonly destinationKey: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly body: string;
  readonly eventAt: number;
  /** The order of creation, which decides between deliveries that are due at the same instant. */
  readonly order: number;
  state: "waiting" | "due" | "delivered" | "dead";
  dueAt: number | null;
  attempts: number;
  retriesUsed: number;
  reason: string | null;
  endedAt: number | null;
  revivedAt: number | null;
  fence: number;
  lease: Lease | null;
}

/** A claim of a delivery. */
export interface ModelClaim {
  readonly delivery: ModelDelivery;
  readonly fence: number;
  readonly owner: string;
}

export function isValid({ delivery, fence, owner }: ModelClaim, state: ModelState): boolean {
  const { lease } = delivery;
  return state.deliveries.includes(delivery) && delivery.fence === fence && lease?.owner === owner;
}

export interface ModelState {
  /** Whether only one daemon can open the data. */
  readonly exclusive: boolean;
  readonly daemons: Map<string, { readonly until: number; readonly plugins: readonly string[] }>;
  jobs: ModelJob[];
  batches: ModelBatch[];
  webhooks: ModelWebhook[];
  destinations: ModelDestination[];
  deliveries: ModelDelivery[];
  readonly limits: Map<string, ModelLimit>;
  schedules: ModelSchedule[];
  /** The number of destinations and deliveries created so far. */
  created: number;
  /** The number of times that a destination was served so far. */
  served: number;
}

export function newState(exclusive: boolean): ModelState {
  const none = {
    jobs: [],
    batches: [],
    webhooks: [],
    destinations: [],
    deliveries: [],
    schedules: [],
  };
  return { exclusive, ...none, daemons: new Map(), limits: new Map(), created: 0, served: 0 };
}

/** The job that an idempotency key stands for. */
export function findRequest(state: ModelState, idempotency: Idempotency | null) {
  for (const { spec, joined } of state.jobs) {
    for (const known of [spec.idempotency, ...joined]) {
      if (idempotency === null || known?.key !== idempotency.key) continue;
      const sameRequest = known.fingerprint === idempotency.fingerprint;
      const hasJoined = known !== spec.idempotency;
      return { id: spec.id, sameRequest, ...(hasJoined && { joined: true as const }) };
    }
  }
  return null;
}

export function isPending({ state }: ModelDelivery): boolean {
  return state === "waiting" || state === "due";
}

/** Whether the job or batch of a delivery is kept: it is open, or was given up recently. */
export function isNeeded(delivery: ModelDelivery, endedBefore: number): boolean {
  const { state, endedAt } = delivery;
  return isPending(delivery) || (state === "dead" && endedAt !== null && endedAt >= endedBefore);
}

/** Whether what it sends is still there. */
export function hasPayload(state: ModelState, { subjectId }: ModelDelivery): boolean {
  const subject = [...state.jobs, ...state.batches].find(({ spec }) => spec.id === subjectId);
  return subject?.payloadsRemovedAt === null;
}

export function isReapable(
  state: ModelState,
  lease: Lease | null,
  request: { owner: string; now: number },
): boolean {
  return lease !== null && (lease.until < request.now || isGone(state, lease.owner, request));
}

/** Whether the daemon is known to be up no longer. */
function isGone(
  { exclusive, daemons }: ModelState,
  name: string,
  { owner, now }: { owner: string; now: number },
): boolean {
  return name !== owner && (exclusive || (daemons.get(name)?.until ?? now) < now);
}

export function forgetDaemons(state: ModelState, request: { owner: string; now: number }): void {
  for (const name of state.daemons.keys()) {
    if (isGone(state, name, request)) state.daemons.delete(name);
  }
}

/** Returns the webhooks that want an event, the job's own first. */
export function receiversOf(
  state: ModelState,
  job: ModelJob,
  event: { kind: EventKind; at: number },
): { id: string; destinationKey: string }[] {
  const { webhook, name, plugins } = job.spec;
  const own =
    webhook === null
      ? []
      : [{ id: webhook.id, on: webhook.on, destinationKey: webhook.destination.key }];
  const persistent = state.webhooks
    .filter(({ state: is, spec }) => is !== "off" && event.at < (spec.expiresAt ?? Infinity))
    .filter(({ spec }) => spec.jobName === null || spec.jobName === name)
    .filter(({ spec }) => plugins.some((plugin) => spec.plugins?.includes(plugin.name) ?? true))
    .map(({ spec }) => ({ id: spec.id, on: spec.on, destinationKey: spec.id }));
  return [...own, ...persistent].filter(({ on }) => on === null || on.includes(event.kind));
}

/** Deletes destinations without a webhook. */
export function deleteUnusedDestinations(state: ModelState): void {
  const own = [...state.jobs.map(({ spec }) => spec), ...state.batches].map(
    ({ webhook }) => webhook?.destination.key,
  );
  const used = new Set([...own, ...state.webhooks.map(({ spec }) => spec.id)]);
  state.destinations = state.destinations.filter(({ key }) => used.has(key));
}

/** Ends a pause of the destination. */
export function resume(state: ModelState, key: string, now: number): void {
  const destination = state.destinations.find((each) => each.key === key);
  if (destination === undefined) return;
  destination.pausedUntil = Math.min(destination.pausedUntil, now);
  destination.probe = null;
}

/** For a delivery that was released: if it probed an open circuit, the next one can. */
export function endProbe(state: ModelState, delivery: ModelDelivery): void {
  const destination = state.destinations.find(({ probe }) => probe === delivery);
  if (destination !== undefined) Object.assign(destination, { probe: null, pausedUntil: 0 });
}

export function findOrCreateDestination(
  state: ModelState,
  { key, ratePerSecond }: { key: string; ratePerSecond: number | null },
): void {
  const known = state.destinations.find((destination) => destination.key === key);
  if (known !== undefined) {
    known.ratePerSecond = ratePerSecond;
    return;
  }
  state.created += 1;
  const healthy = { failuresInRow: 0, pausedUntil: 0, probe: null };
  const bucket = { tokens: null, refilledAt: 0 };
  state.destinations.push({
    ...healthy,
    key,
    number: state.created,
    ratePerSecond,
    bucket,
    served: 0,
  });
}

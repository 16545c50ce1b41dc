/** Jobs, batches, webhooks and attempts for tests, and helpers that bring a job into a state. */
import type { DestinationOutcome } from "../../src/domain/destination.ts";
import type { EventKind } from "../../src/domain/event.ts";
import {
  begin,
  completeStep,
  concludeStep,
  failStep,
  type Change,
  type RunningJob,
} from "../../src/domain/job.ts";
import type { Progress, Transition } from "../../src/domain/transition.ts";
import type { DebounceMode, KeySpan } from "../../src/domain/job-key.ts";
import { toJsonText } from "../../src/domain/json-text.ts";
import { toRetryPolicy } from "../../src/domain/step-retry.ts";
import type {
  AttemptOutcome,
  ClaimedDelivery,
  DeliveryClaim,
  DeliveryFilter,
  DeliverySummary,
  HandOver,
} from "../../src/ports/store/deliveries.ts";
import type { BatchEvent, NewBatch } from "../../src/ports/store/batches.ts";
import type { Claim, NewJob, NewJobKey } from "../../src/ports/store/jobs.ts";
import type { JobWebhook, NewWebhook } from "../../src/ports/store/webhooks.ts";
import type { Beat } from "../../src/ports/store/upkeep.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { DAEMON } from "../support/daemon-identity.ts";

export const UNLIMITED = { maxQueued: 1_000_000, maxWebhooks: 1_000_000 };
export const ALL_OUTPUTS = { maxOutputBytes: Number.POSITIVE_INFINITY };
export const LEASE_MS = 1_000;
export const FIRST_PAGE = { limit: 100, cursor: null };
const CONTEXT = { jobUrl: "http://127.0.0.1/v1/jobs/x" };

/** Room for four deliveries of 10 kB together. */
export function roomFor(owner: string): HandOver {
  const bounds = { limit: 4, maxBytes: 10_000, except: [] };
  return { owner, now: 100, leaseUntil: 100 + LEASE_MS, ...bounds };
}

let lastNumber = 0;

export function newWebhook(fields: Partial<JobWebhook> = {}): JobWebhook {
  lastNumber += 1;
  return {
    id: `wh_${lastNumber}`,
    url: "http://127.0.0.1:9/hook",
    sealed: "sealed headers",
    on: null,
    retries: 5,
    timeoutMs: null,
    destination: { key: "http://127.0.0.1:9", ratePerSecond: null },
    ...fields,
  };
}

/** A persistent webhook that wants every event. */
export function newPersistent(fields: Partial<NewWebhook> = {}): NewWebhook {
  lastNumber += 1;
  return {
    id: `wh_${lastNumber}`,
    identity: `identity ${lastNumber}`,
    url: "http://127.0.0.1:9/persistent",
    sealed: "sealed secret",
    on: null,
    retries: 5,
    plugins: null,
    jobName: null,
    timeoutMs: 30_000,
    ratePerSecond: null,
    expiresAt: null,
    createdAt: 0,
    ...fields,
  };
}

export async function register(
  store: Store,
  fields: Partial<NewWebhook> = {},
): Promise<NewWebhook> {
  const webhook = newPersistent(fields);
  await store.registerWebhook(webhook, UNLIMITED);
  return webhook;
}

/** A job with two steps, due from 0, without a webhook. */
export function newJob(fields: Partial<NewJob> = {}): NewJob {
  lastNumber += 1;
  return {
    id: `job_${String(lastNumber).padStart(6, "0")}`,
    name: null,
    metadata: toJsonText({}),
    plugins: ["first", "second"].map((name) => ({ name, options: toJsonText({}) })),
    input: toJsonText({ text: "input" }),
    priority: 0,
    runAt: 0,
    timeoutMs: null,
    createdAt: 0,
    webhook: null,
    idempotency: null,
    ...fields,
  };
}

/** A key that a job has for a time or, with another span, until it starts or ends. */
export function newKey(
  key: string,
  {
    span = "active",
    now = 0,
    ttlMs = 100,
  }: { readonly span?: KeySpan; readonly now?: number; readonly ttlMs?: number } = {},
): NewJobKey {
  const until = span === "ttl" ? now + ttlMs : null;
  return { kind: "dedupe", key, identity: `identity of ${key}`, span, until };
}

/** The key of a job that waits for more requests. */
export function newWindow(
  key: string,
  {
    until = 1_000,
    mode = "last",
    collect = null,
  }: { until?: number; mode?: DebounceMode; collect?: string | null } = {},
): NewJobKey {
  const identity = `window of ${key}`;
  const window = { mode, collect, merged: 0 };
  return { kind: "debounce", key, identity, span: "queued", until, window };
}

export async function submit(store: Store, fields: Partial<NewJob> = {}): Promise<NewJob> {
  const job = newJob(fields);
  await store.submitJob(job, UNLIMITED);
  return job;
}

export function newBatch(jobs: readonly NewJob[], fields: Partial<NewBatch> = {}): NewBatch {
  lastNumber += 1;
  const id = `batch_${lastNumber}`;
  return { id, jobs, webhook: null, idempotency: null, createdAt: 5, ...fields };
}

export async function submitBatch(
  store: Store,
  jobs: readonly NewJob[],
  fields: Partial<NewBatch> = {},
): Promise<NewBatch> {
  const batch = newBatch(jobs, fields);
  const { kind } = await store.submitBatch(batch, UNLIMITED);
  if (kind !== "accepted") throw new Error(`The batch was not accepted: ${kind}.`);
  return batch;
}

/** A batch's callback. */
export function callbackEvent(at = 90): BatchEvent {
  return { at, body: toJsonText({ status: "completed" }) };
}

/** Those of the jobs in these tests. */
const PLUGINS = ["first", "second", "csv-profile"];

/** A sign of life of a daemon without plugins, which is up until the next one. */
export function beatAt(now: number, fields: Partial<Beat> = {}): Beat {
  return {
    owner: "owner_1",
    identity: DAEMON,
    now,
    until: now,
    plugins: [],
    maxGapMs: 1_000,
    ...fields,
  };
}

export interface ClaimRequest {
  readonly now?: number;
  readonly limit?: number;
  readonly ahead?: number;
  readonly owner?: string;
  /** Without it, the plugins of the jobs in these tests are ready. */
  readonly plugins?: readonly string[];
  /** Without it, no other daemon has plugins. */
  readonly elsewhere?: readonly string[];
  /** Without it, jobs wait for any time. */
  readonly waitLimitMs?: number;
}

export async function claim(
  store: Store,
  request: ClaimRequest = {},
): Promise<readonly RunningJob[]> {
  return (await claimWithMore(store, request)).jobs;
}

/** With whether the next claim gets jobs at once. */
export async function claimWithMore(
  store: Store,
  { now = 10, limit = 100, ahead = 0, owner = "owner_1", ...waits }: ClaimRequest,
): ReturnType<Store["claimJobs"]> {
  const { plugins = PLUGINS, elsewhere = [], waitLimitMs = Number.POSITIVE_INFINITY } = waits;
  const waitingSinceBefore = now - waitLimitMs;
  const leaseUntil = now + LEASE_MS;
  const request = { owner, limit, ahead, now, leaseUntil, plugins, elsewhere, waitingSinceBefore };
  return store.claimJobs(request);
}

export async function claimOne(store: Store, request: ClaimRequest = {}): Promise<RunningJob> {
  const [job] = await claim(store, { ...request, limit: 1 });
  if (job === undefined) throw new Error("No job could be claimed.");
  return job;
}

export function claimOf(job: Pick<RunningJob, "id" | "fence" | "owner">): Claim {
  return { jobId: job.id, fence: job.fence, owner: job.owner };
}

/** The claim of a job that nobody has claimed. */
export function unclaimed(jobId: string, fence = 0): Claim {
  return { jobId, fence, owner: null };
}

export function deliveryClaimOf({ id, fence, owner }: ClaimedDelivery): DeliveryClaim {
  return { deliveryId: id, fence, owner };
}

export function beginning(job: RunningJob, at = 11): Progress {
  const transition = begin(job, at, CONTEXT);
  if (transition === null) throw new Error(`${job.id} has started already.`);
  return transition;
}

/** Returns the domain's transition for a completed step, and the job after it. */
export function completing(
  job: RunningJob,
  at = 20,
  output = toJsonText({ output: job.completedSteps.length }),
): Change<Progress> {
  const index = job.completedSteps.length;
  const step = {
    plugin: job.plugins[index]?.name ?? "",
    metrics: { processedItems: index, duration: 5 },
    output,
    startedAt: at - 5,
    endedAt: at,
  };
  return completeStep(job, step, CONTEXT);
}

export const FAILURE = { code: "PLUGIN_THREW", message: "It did not work." } as const;

export function failing(job: RunningJob, at = 30): Progress {
  const outcome = { failure: FAILURE, metrics: null, startedAt: at - 5, endedAt: at };
  return failStep(job, outcome, CONTEXT);
}

/** The step failed, and runs again. */
export function retrying(
  job: RunningJob,
  { at = 30, retryMs = 100 }: { at?: number; retryMs?: number } = {},
): Transition {
  const result = { ok: false, failure: FAILURE, metrics: null } as const;
  const ofPlugin = toRetryPolicy({ attempts: 1_000 });
  return concludeStep(
    job,
    { ...result, retry: { afterMs: retryMs }, startedAt: at - 5, endedAt: at, durationMs: 7 },
    { ...CONTEXT, retry: { ofPlugin, random: 0 } },
  ).transition;
}

export async function start(store: Store, job: RunningJob): Promise<RunningJob> {
  const transition = beginning(job);
  await store.commitTransition(claimOf(job), transition);
  return { ...job, sequence: transition.sequence };
}

export async function completeOne(store: Store, job: RunningJob, at = 20): Promise<RunningJob> {
  const next = completing(job, at);
  await store.commitTransition(claimOf(job), next.transition);
  return next.job;
}

/** Runs a claimed job to its end: started, each step, completed. */
export async function completeAll(store: Store, job: RunningJob, at = 20): Promise<RunningJob> {
  let current = await start(store, job);
  while (current.completedSteps.length < current.plugins.length) {
    current = await completeOne(store, current, at);
  }
  return current;
}

/** Claims the next job and runs it to its end. */
export async function completeNext(store: Store, at = 20): Promise<RunningJob> {
  return completeAll(store, await claimOne(store), at);
}

/** Submits a job, then claims the next job and runs it to its end. */
export async function complete(
  store: Store,
  fields: Partial<NewJob> = {},
  at = 20,
): Promise<RunningJob> {
  await submit(store, fields);
  return completeNext(store, at);
}

/** Runs a claimed job to its end, with the given output of each step. */
export async function completeWith(
  store: Store,
  job: RunningJob,
  outputs: readonly unknown[],
): Promise<void> {
  let current = await start(store, job);
  for (const output of outputs) {
    const { transition, job: next } = completing(current, 20, toJsonText(output));
    await store.commitTransition(claimOf(job), transition);
    current = next;
  }
}

export async function failIt(store: Store, job: RunningJob, at = 30): Promise<void> {
  await store.commitTransition(claimOf(job), failing(job, at));
}

/** Looks at up to `limit` jobs, the oldest end first. Returns how many were deleted. */
export async function prune(
  store: Store,
  request: { endedBefore: number; limit: number },
): Promise<number> {
  return (await store.pruneJobs({ ...request, after: null })).jobs;
}

export async function shiftAll(
  store: Store,
  request: { now: number; byMs: number; since?: number },
): Promise<void> {
  let after: string | null = null;
  do after = await store.shiftDue({ ...request, after });
  while (after !== null);
}

/** Claims up to `limit` deliveries of each destination that is due. */
export async function claimDue(
  store: Store,
  { now = 100, limit = 100, owner = "owner_1", maxBytes = 1_000_000_000 } = {},
): Promise<readonly ClaimedDelivery[]> {
  const due = await store.dueDestinations({ now, limit: 1000, except: [] });
  const destinations = due.map(({ id }) => ({ id, limit }));
  return store.claimDeliveries({ owner, destinations, now, leaseUntil: now + LEASE_MS, maxBytes });
}

/** Runs a job with a webhook to its end. Its first delivery is then due. */
export async function completeWithWebhook(
  store: Store,
  webhook: Partial<JobWebhook> = {},
): Promise<RunningJob> {
  return complete(store, { webhook: newWebhook(webhook) });
}

export function attemptOf(
  delivery: ClaimedDelivery,
  outcome:
    | { state: "delivered"; at?: number }
    | { state: "dead"; at?: number; reason: string }
    | { state: "due"; at?: number; dueAt: number },
  destinationOutcome: DestinationOutcome = { kind: "neutral" },
  { maxAgeMs = Number.MAX_SAFE_INTEGER } = {},
): AttemptOutcome {
  const succeeded = outcome.state === "delivered";
  return {
    ...deliveryClaimOf(delivery),
    attempt: {
      number: delivery.attempts + 1,
      at: outcome.at ?? 100,
      durationMs: 7,
      status: succeeded ? 200 : null,
      response: succeeded ? "thanks" : null,
      error: succeeded ? null : "ECONNREFUSED: connection refused",
    },
    state: outcome.state,
    dueAt: outcome.state === "due" ? outcome.dueAt : null,
    retriesUsed: delivery.retriesUsed + (outcome.state === "due" ? 1 : 0),
    reason: outcome.state === "dead" ? outcome.reason : null,
    succeeded,
    destinationOutcome,
    maxAgeMs,
  };
}

/** What an attempt says about a destination that asks for a pause. */
export function asksToWait(pauseMs: number): DestinationOutcome {
  return { kind: "failed", pauseMs };
}

/** Delivers until nothing is due. Returns what was sent, in order. */
export async function deliverAll(store: Store, { now = 100 } = {}): Promise<ClaimedDelivery[]> {
  const sent: ClaimedDelivery[] = [];
  for (;;) {
    const due = await claimDue(store, { now });
    if (due.length === 0) return sent;
    sent.push(...due);
    await Promise.all(
      due.map((delivery) =>
        store.recordAttempt(attemptOf(delivery, { state: "delivered", at: now })),
      ),
    );
  }
}

/** Returns deliveries, the oldest first. */
export async function deliveriesOf(
  store: Store,
  filter: DeliveryFilter = {},
): Promise<readonly DeliverySummary[]> {
  return (await store.deliveries(filter, FIRST_PAGE)).items.toReversed();
}

export async function eventKinds(store: Store, jobId: string): Promise<EventKind[]> {
  const events = await store.events(jobId, { after: 0, limit: 100 });
  return events.map((event) => event.kind);
}

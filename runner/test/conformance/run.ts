/** Makes the same calls on a store and on the model, and compares the results. */
import { expect } from "vitest";
import type { DestinationState } from "../../src/domain/destination.ts";
import { hasEnded, type RunningJob } from "../../src/domain/job.ts";
import type { Transition } from "../../src/domain/transition.ts";
import { toJsonText } from "../../src/domain/json-text.ts";
import type {
  AttemptOutcome,
  ClaimedDelivery,
  HandedOver,
  HandOver,
  Recorded,
} from "../../src/ports/store/deliveries.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { some, type Call, type CallOf, type JobCall } from "./calls.ts";
import {
  beatAt,
  attemptOf,
  beginning,
  claimOf,
  completing,
  deliveryClaimOf,
  failing,
  retrying,
  LEASE_MS,
  newJob,
  newKey,
  newWindow,
  newWebhook,
  shiftAll,
} from "./given.ts";
import { changeLimit } from "./run-limits.ts";
import { actOnSchedule, createScheduleMemory } from "./run-schedules.ts";
import { changeWebhook, register } from "./run-webhooks.ts";
import type { ModelStore } from "./model/model-store.ts";
import type { ModelClaim } from "./model/state.ts";

/** A claimed job, as the store and as the model returned it. */
interface ClaimedJobPair {
  real: RunningJob;
  model: RunningJob;
}

/** A claimed delivery, as the store returned it and as the model has it. */
interface ClaimedDeliveryPair {
  readonly real: ClaimedDelivery;
  readonly model: ModelClaim;
}

/** No job is scheduled later. */
const MAX_DELAY_MS = 2_000;

/** How long a job has a key that it has for a time. Short enough for some to end. */
const KEY_MS = 150;

function declaresLimits(each: Call): boolean {
  const jobs = "jobs" in each ? each.jobs : "job" in each ? [each.job] : [];
  return jobs.some((job) => job !== null && job.limits !== null);
}

/** `stores` have the same data open. */
export function createRun(stores: readonly Store[], model: ModelStore) {
  let store = stores[0]!;
  let now = 10_000;
  const claimedJobs: ClaimedJobPair[] = [];
  const claimedDeliveries: ClaimedDeliveryPair[] = [];
  const webhookIds: string[] = [];
  const batchIds: string[] = [];
  const destinationKeys = new Map<number, string>();
  const schedules = createScheduleMemory();
  let comparisons: Promise<void>[] = [];

  const expectSameResult = (result: Promise<unknown>, expected: unknown): void => {
    comparisons.push(result.then((real) => expect(real).toEqual(expected)));
  };
  /** Call before a read: reads see only what is committed. */
  const settled = async (): Promise<void> => {
    const all = comparisons;
    comparisons = [];
    await Promise.all(all);
  };
  /**
   * Call it where a call must see those before it: calls of daemons that can share a database, and touch
   * different rows, need not.
   */
  const settledUnlessExclusive = async (): Promise<void> => {
    if (!model.exclusive) await settled();
  };
  const toWebhook = (webhook: JobCall["webhook"]) =>
    webhook === null
      ? null
      : newWebhook({
          on: webhook.on,
          destination: { key: webhook.origin, ratePerSecond: webhook.rate },
        });

  const toKey = ({ key, span, isWindow }: NonNullable<JobCall["key"]>) =>
    isWindow
      ? newWindow(key, { until: now + MAX_DELAY_MS })
      : newKey(key, { span, now, ttlMs: KEY_MS });

  function toJob({ steps, delay, webhook, tags, key, limits, ...fields }: JobCall): NewJob {
    const { plugins } = newJob();
    const ofSteps = limits?.ofSteps.slice(0, steps) ?? [];
    const names = new Set(ofSteps.flatMap((each) => each?.name ?? []));
    return newJob({
      ...fields,
      plugins: plugins.slice(0, steps),
      createdAt: now,
      runAt: now + delay,
      webhook: toWebhook(webhook),
      ...(tags.length > 0 && { tags }),
      ...(key !== null && { key: toKey(key) }),
      ...(names.size > 0 && {
        limits: ofSteps,
        declaredLimits: [...names].map((name) => ({ ...limits!.numbers, name })),
      }),
    });
  }

  async function submitWithRoom(job: NewJob, limits: { maxQueued: number }): Promise<void> {
    const room = { owner: "owner_1", leaseUntil: now + LEASE_MS };
    const outcome = await store.submitJob(job, { ...limits, handOver: room });
    const expected = model.submitJob(job, limits);
    if (outcome.kind !== "accepted" || outcome.claim === undefined)
      return expect(outcome).toEqual(expected);
    expect(expected).toEqual({ kind: "accepted" });
    const taken = model.takeJob(job.id, { ...room, now });
    claimedJobs.push({ real: { ...taken, fence: outcome.claim.fence }, model: taken });
  }

  /** Merges a request into one of the jobs, under the fence that the store gives it now. */
  async function merge({ pick, job: fields }: CallOf<"merge">): Promise<void> {
    const found = some(model.jobs(), pick);
    if (found === undefined) return;
    await settled();
    const { id } = found.spec;
    const held = { jobId: id, fence: (await store.jobState(id))?.fence ?? 0, owner: null };
    const identity = found.spec.key?.identity ?? "";
    const job = toJob({ ...fields, key: null, steps: found.spec.plugins.length });
    const request = { job, identity, now, idempotency: job.idempotency };
    expectSameResult(store.mergeJob(held, request), model.mergeJob(id, request));
  }

  function submitBatch({ jobs, webhook, idempotency, maxQueued }: CallOf<"submit batch">): void {
    const batch = {
      id: `batch_${batchIds.length + 1}`,
      jobs: jobs.map((each) => toJob({ ...each, key: null })),
      webhook: toWebhook(webhook),
      idempotency,
      createdAt: now,
    };
    batchIds.push(batch.id);
    expectSameResult(
      store.submitBatch(batch, { maxQueued }),
      model.submitBatch(batch, { maxQueued }),
    );
  }

  async function endBatches(): Promise<void> {
    await settled();
    const ids = await store.batchesToEnd({ limit: 100 });
    expect(ids).toEqual(model.batchesToEnd());
    for (const id of [...ids, ...batchIds.slice(0, 1)]) {
      const event = { at: now, body: toJsonText({ batch: id }) };
      expectSameResult(store.endBatch(id, event), model.endBatch(id, event));
    }
  }

  async function claim(each: CallOf<"claim">): Promise<void> {
    const { waitLimitMs, ...rest } = each;
    const waitingSinceBefore = now - waitLimitMs;
    const request = { ...rest, now, leaseUntil: now + LEASE_MS, waitingSinceBefore };
    const { jobs: claimed, more: isMore } = await store.claimJobs(request);
    const limits = model.hasLimits() ? await store.limits() : [];
    const expected = model.claimJobs({ ...request, limits, isMore });
    // A store can number fences as it likes, as long as they increase.
    const withoutFence = (job: RunningJob) => ({ ...job, fence: null });
    expect(claimed.map(withoutFence)).toEqual(expected.map(withoutFence));
    for (const [index, real] of claimed.entries())
      claimedJobs.push({ real, model: expected[index]! });
  }

  const roomFor = (owner: string): HandOver => {
    const bounds = { limit: 2, maxBytes: 1_000, except: [] };
    return { owner, now, leaseUntil: now + LEASE_MS, ...bounds };
  };

  function take(handedOver: HandedOver | undefined, room: HandOver): void {
    for (const real of handedOver?.deliveries ?? [])
      claimedDeliveries.push({ real, model: model.takeDelivery(real, room) });
  }

  async function advance(
    pair: ClaimedJobPair,
    { fails, retryMs, handOver }: CallOf<"advance">,
  ): Promise<void> {
    const toNext = (job: RunningJob): { transition: Transition; job: RunningJob } => {
      if (job.sequence === 0) {
        return { transition: beginning(job, now), job: { ...job, sequence: 1 } };
      }
      if (!fails) return completing(job, now);
      const transition = retryMs === null ? failing(job, now) : retrying(job, { at: now, retryMs });
      return { transition, job };
    };
    if (!hasOpen(pair)) return;
    const real = toNext(pair.real);
    const expected = toNext(pair.model);
    const stored = model.commitTransition(claimOf(pair.model), expected.transition);
    if (handOver) {
      await settledUnlessExclusive();
      const room = roomFor(pair.real.owner);
      const result = await store.commitTransition(claimOf(pair.real), real.transition, room);
      expect(result !== false).toBe(stored);
      take(typeof result === "object" ? result : undefined, room);
    } else {
      expectSameResult(store.commitTransition(claimOf(pair.real), real.transition), stored);
    }
    if (stored) Object.assign(pair, { real: real.job, model: expected.job });
  }

  function changeJob(call: CallOf<"advance" | "release" | "requeue" | "renew">) {
    const { kind, pick, ...each } = call;
    const pair = some(claimedJobs, pick);
    if (pair === undefined) return;
    const [real, expected] = [claimOf(pair.real), claimOf(pair.model)];
    const leaseUntil = now + LEASE_MS;
    switch (kind) {
      case "advance":
        return advance(pair, call);
      case "release": {
        const countsAttempt = "countsAttempt" in each && each.countsAttempt;
        const released = store.releaseJobs([real], { countsAttempt });
        return expectSameResult(released, model.releaseJob(expected, countsAttempt));
      }
      case "requeue":
        return expectSameResult(
          store.requeueJob({ ...real, owner: null }, { now, from: call.from }),
          model.requeueJob({ ...expected, owner: null }, { now, from: call.from }),
        );
      case "renew":
        return expectSameResult(
          store.renewLeases({ jobs: [real], deliveries: [] }, { leaseUntil }),
          { jobs: model.renewJob(expected, leaseUntil) ? [real] : [], deliveries: [] },
        );
    }
  }

  function actOnJob(each: CallOf<"delete job" | "redeliver job">): void {
    const id = some(claimedJobs, each.pick)?.real.id ?? "job_unknown";
    if (each.kind === "delete job") {
      return expectSameResult(store.deleteJob(id), model.deleteJob(id));
    }
    const request = { failedBy: now - each.age, limit: 100, now };
    const redelivered = store
      .redeliverJob(id, request)
      .then((result) => result && [result.redelivered, result.destinations.length]);
    return expectSameResult(redelivered, model.redeliverJob(id, request));
  }

  async function claimDeliveries({
    owner,
    limit,
    destinations: count,
    maxBytes,
  }: CallOf<"claim deliveries">) {
    await settled();
    const except = [...destinationKeys].slice(0, limit === 0 ? 1 : 0);
    const due = await store.dueDestinations({
      now,
      limit: count,
      except: except.map(([id]) => id),
    });
    const expectedDue = { now, limit: count, except: except.map(([, key]) => key) };
    // Each store counts for itself who was served least recently.
    if (stores.length === 1)
      expect(due.map(({ id: _id, ...each }) => each)).toEqual(model.dueDestinations(expectedDue));
    else expect(due.length).toBe(model.dueDestinations(expectedDue).length);
    for (const { id, key } of due) destinationKeys.set(id, key);
    const request = { owner, now, leaseUntil: now + LEASE_MS, maxBytes };
    const keys = due.map(({ key }) => ({ key, limit }));
    const expected = model.claimDeliveries({ ...request, destinations: keys });
    const ids = due.map(({ id }) => ({ id, limit }));
    const claimed = await store.claimDeliveries({ ...request, destinations: ids });
    expect(
      claimed.map((d) => [d.subjectId, d.target.webhookId, d.sequence, d.attempts, d.body]),
    ).toEqual(
      expected.map(({ delivery: d }) => [d.subjectId, d.webhookId, d.sequence, d.attempts, d.body]),
    );
    for (const [index, real] of claimed.entries()) {
      claimedDeliveries.push({ real, model: expected[index]! });
    }
  }

  async function attemptWithRoom(pair: ClaimedDeliveryPair, outcome: AttemptOutcome) {
    await settledUnlessExclusive();
    const room = roomFor(pair.real.owner);
    const recorded = await store.recordAttempt(outcome, room);
    const expected = model.recordAttempt(pair.model, outcome);
    if (recorded === null || recorded === "lost") return expect(recorded).toBe(expected);
    const { handedOver, ...effects } = recorded;
    const nothing = { destination: null, tooOld: null, webhook: null };
    expect(withoutPast(effects, room.now)).toEqual(withoutPast(expected ?? nothing, room.now));
    take(handedOver, room);
  }

  function changeDelivery(
    each: CallOf<"attempt" | "release delivery" | "renew delivery" | "redeliver">,
  ): void | Promise<void> {
    const pair = some(claimedDeliveries, each.pick);
    if (pair === undefined) return;
    const { id } = pair.real;
    const own = deliveryClaimOf(pair.real);
    switch (each.kind) {
      case "attempt": {
        const { state, wait, says } = each;
        const given = { state, at: now, dueAt: now + wait, reason: "r" };
        const outcome = attemptOf(pair.real, given, says);
        const at = now;
        if (each.handOver) return attemptWithRoom(pair, outcome);
        return expectSameResult(
          store.recordAttempt(outcome).then((recorded) => withoutPast(recorded, at)),
          withoutPast(model.recordAttempt(pair.model, outcome), at),
        );
      }
      case "release delivery":
        return expectSameResult(store.releaseDeliveries([own]), model.releaseDelivery(pair.model));
      case "renew delivery": {
        const leaseUntil = now + LEASE_MS;
        return expectSameResult(
          store.renewLeases({ jobs: [], deliveries: [own] }, { leaseUntil }),
          { jobs: [], deliveries: model.renewDelivery(pair.model, leaseUntil) ? [own] : [] },
        );
      }
      case "redeliver":
        return expectSameResult(
          store.redeliver(id, { now }),
          model.redeliver(pair.model.delivery, now),
        );
    }
  }

  const caller = () => ({ store, model, now, expectSameResult });

  async function make(each: Call): Promise<void> {
    switch (each.kind) {
      case "wait":
        now += each.ms;
        return;
      case "submit": {
        const limits = { maxQueued: each.maxQueued };
        const job = toJob(each.job);
        if (each.handOver) return submitWithRoom(job, limits);
        return expectSameResult(store.submitJob(job, limits), model.submitJob(job, limits));
      }
      case "merge":
        return merge(each);
      case "submit batch":
        return submitBatch(each);
      case "declare limit":
      case "override limit":
      case "pause limit":
      case "resume limit":
        return changeLimit(each, caller());
      case "save schedule":
      case "advance schedule":
      case "set schedule state":
      case "remove schedule":
        return actOnSchedule(each, { ...caller(), toJob, schedules });
      case "set batch webhook": {
        const id = some(batchIds, each.pick) ?? "batch_unknown";
        const webhook = toWebhook(each.webhook) ?? newWebhook();
        return expectSameResult(
          store.setBatchWebhook(id, webhook),
          model.setBatchWebhook(id, webhook),
        );
      }
      case "end batches":
        return endBatches();
      case "claim":
        return claim(each);
      case "reap":
        return expectSameResult(store.reap({ ...each, now }), model.reap({ ...each, now }));
      case "beat": {
        const beat = beatAt(now, { ...each, until: now + each.upForMs, maxGapMs: 1_000_000 });
        const sorted = store.beat(beat).then((plugins) => plugins.toSorted());
        return expectSameResult(sorted, model.beat(beat).toSorted());
      }
      case "prune": {
        const request = {
          endedBefore: now - each.age,
          failedBefore: now - each.failedAge,
          limit: each.limit,
          after: null,
        };
        const expected = { ...model.pruneJobs(request), at: expect.any(String) };
        return expectSameResult(store.pruneJobs(request), expected);
      }
      case "remove payloads": {
        const request = {
          now,
          endedBefore: now - each.age,
          failedBefore: now - each.failedAge,
          limit: each.limit,
          after: null,
        };
        const expected = { ...model.removePayloads(request), at: expect.any(String) };
        return expectSameResult(store.removePayloads(request), expected);
      }
      case "prune webhooks": {
        const request = { now, limit: each.limit };
        return expectSameResult(store.pruneWebhooks(request), model.pruneWebhooks(request));
      }
      case "shift": {
        const request = { now, byMs: each.ms };
        return expectSameResult(shiftAll(store, request), model.shiftDue(request));
      }
      case "advance":
      case "release":
      case "requeue":
      case "renew":
        return changeJob(each);
      case "delete job":
      case "redeliver job":
        return actOnJob(each);
      case "claim deliveries":
        return claimDeliveries(each);
      case "attempt":
      case "release delivery":
      case "renew delivery":
      case "redeliver":
        return changeDelivery(each);
      case "register":
        return register(each, { ...caller(), webhookIds });
      case "update":
      case "move webhook":
      case "remove webhook":
      case "recover":
        return changeWebhook(each, { ...caller(), webhookIds });
    }
  }

  return {
    /** With several stores, the calls alternate between them as `by` says. */
    async make(each: Call, by = 0): Promise<void> {
      const next = stores[by % stores.length]!;
      if (next !== store) await settled();
      store = next;
      // Either of two that declare the same new limit can be the first.
      if (declaresLimits(each)) await settledUnlessExclusive();
      await make(each);
      if (declaresLimits(each)) await settledUnlessExclusive();
    },
    settled,
    now: () => now,
    /** Ends all pauses, and lets all jobs end. Fails if a claim leaves one for no reason. */
    async drain(): Promise<void> {
      await settled();
      for (const { name, pauses } of model.limits(now)) {
        for (const { key } of pauses)
          expectSameResult(store.resumeLimit(name, key), model.resumeLimit(name, key));
      }
      now += MAX_DELAY_MS + LEASE_MS;
      expectSameResult(store.reap({ owner: "drain", now }), model.reap({ owner: "drain", now }));
      const open = () => model.jobs().filter(({ status }) => !hasEnded(status));
      for (let idle = 0; open().length > 0;) {
        const before = claimedJobs.length;
        await claim(CLAIM_ALL);
        const fresh = claimedJobs.slice(before);
        idle = fresh.length === 0 ? idle + 1 : 0;
        expect(idle, `claims that leave ${open().length} jobs`).toBeLessThan(MAX_IDLE_CLAIMS);
        for (const pair of fresh) {
          while (hasOpen(pair)) await advance(pair, COMPLETES);
          await settled();
        }
        // By then, a step can begin at each rate.
        now += 100;
      }
    },
  };
}

const CLAIM_ALL: CallOf<"claim"> = {
  kind: "claim",
  owner: "owner_1",
  limit: 100,
  ahead: 0,
  plugins: ["first", "second"],
  elsewhere: [],
  waitLimitMs: 1_000,
};
const COMPLETES = {
  kind: "advance",
  pick: 0,
  fails: false,
  retryMs: null,
  handOver: false,
} as const;
/** One tells that another is to follow. */
const MAX_IDLE_CLAIMS = 4;

function hasOpen({ real }: ClaimedJobPair): boolean {
  return real.completedSteps.length < real.plugins.length;
}

/** A pause that has ended is none: a store need not remember when a destination was last served. */
function withoutPast(recorded: Recorded, now: number): Recorded {
  if (recorded === null || recorded === "lost" || recorded.destination === null) return recorded;
  const { before, after } = recorded.destination;
  const since = (state: DestinationState) => ({
    ...state,
    pausedUntil: Math.max(now, state.pausedUntil),
  });
  const destination = { ...recorded.destination, before: since(before), after: since(after) };
  return { ...recorded, destination };
}

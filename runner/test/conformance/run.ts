/** Makes the same calls on a store and on the model, and compares the results. */
import { expect } from "vitest";
import type { RunningJob, Transition } from "../../src/domain/job.ts";
import { toJsonText } from "../../src/domain/json-text.ts";
import type { ClaimedDelivery } from "../../src/ports/store/deliveries.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import type { Store } from "../../src/ports/store/store.ts";
import type { Call, CallOf, JobCall } from "./calls.ts";
import {
  attemptOf,
  beginning,
  claimOf,
  completing,
  failing,
  LEASE_MS,
  newJob,
  newPersistent,
  newWebhook,
} from "./given.ts";
import type { ModelStore } from "./model/model-store.ts";
import type { ModelDelivery } from "./model/state.ts";

/** A claimed job, as the store and as the model returned it. */
interface ClaimedJobPair {
  real: RunningJob;
  model: RunningJob;
}

/** A claimed delivery, as the store returned it and as the model has it. */
interface ClaimedDeliveryPair {
  readonly real: ClaimedDelivery;
  readonly model: ModelDelivery;
}

export function createRun(store: Store, model: ModelStore) {
  let now = 10_000;
  const claimedJobs: ClaimedJobPair[] = [];
  const claimedDeliveries: ClaimedDeliveryPair[] = [];
  const webhookIds: string[] = [];
  const batchIds: string[] = [];
  const destinationKeys = new Map<number, string>();
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
  const some = <T>(items: readonly T[], index: number): T | undefined =>
    items[index % Math.max(1, items.length)];
  const toWebhook = (webhook: JobCall["webhook"]) =>
    webhook === null
      ? null
      : newWebhook({
          on: webhook.on,
          destination: { key: webhook.origin, ratePerSecond: webhook.rate },
        });

  function toJob({ steps, delay, webhook, ...fields }: JobCall): NewJob {
    const { plugins } = newJob();
    return newJob({
      ...fields,
      plugins: plugins.slice(0, steps),
      createdAt: now,
      runAt: now + delay,
      webhook: toWebhook(webhook),
    });
  }

  function submitBatch({ jobs, webhook, idempotency, maxQueued }: CallOf<"submit batch">): void {
    const batch = {
      id: `batch_${batchIds.length + 1}`,
      jobs: jobs.map(toJob),
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
    const expected = model.claimJobs(request);
    const { jobs: claimed } = await store.claimJobs(request);
    // A store can number fences as it likes, as long as they increase.
    const withoutFence = (job: RunningJob) => ({ ...job, fence: null });
    expect(claimed.map(withoutFence)).toEqual(expected.map(withoutFence));
    for (const [index, real] of claimed.entries())
      claimedJobs.push({ real, model: expected[index]! });
  }

  function advance(pair: ClaimedJobPair, fails: boolean): void {
    const toNext = (job: RunningJob): { transition: Transition; job: RunningJob } => {
      if (job.sequence === 0) {
        return { transition: beginning(job, now), job: { ...job, sequence: 1 } };
      }
      return fails ? { transition: failing(job, now), job } : completing(job, now);
    };
    if (pair.real.completedSteps.length === pair.real.plugins.length) return;
    const real = toNext(pair.real);
    const expected = toNext(pair.model);
    const stored = model.commitTransition(claimOf(pair.model), expected.transition);
    expectSameResult(store.commitTransition(claimOf(pair.real), real.transition), stored);
    if (stored) Object.assign(pair, { real: real.job, model: expected.job });
  }

  function changeJob({ kind, pick, ...each }: CallOf<"advance" | "release" | "requeue" | "renew">) {
    const pair = some(claimedJobs, pick);
    if (pair === undefined) return;
    const [real, expected] = [claimOf(pair.real), claimOf(pair.model)];
    const leaseUntil = now + LEASE_MS;
    switch (kind) {
      case "advance":
        return advance(pair, "fails" in each && each.fails);
      case "release": {
        const countsAttempt = "countsAttempt" in each && each.countsAttempt;
        const released = store.releaseJobs([real], { countsAttempt });
        return expectSameResult(released, model.releaseJob(expected, countsAttempt));
      }
      case "requeue":
        return expectSameResult(store.requeueJob(real, { now }), model.requeueJob(expected));
      case "renew":
        return expectSameResult(
          store.renewLeases([real], { leaseUntil }),
          model.renewLease(expected, leaseUntil),
        );
    }
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
    expect(due.map(({ id: _id, ...each }) => each)).toEqual(
      model.dueDestinations({ now, limit: count, except: except.map(([, key]) => key) }),
    );
    for (const { id, key } of due) destinationKeys.set(id, key);
    const request = { owner, now, leaseUntil: now + LEASE_MS, maxBytes };
    const keys = due.map(({ key }) => ({ key, limit }));
    const expected = model.claimDeliveries({ ...request, destinations: keys });
    const ids = due.map(({ id }) => ({ id, limit }));
    const claimed = await store.claimDeliveries({ ...request, destinations: ids });
    expect(
      claimed.map((d) => [d.subjectId, d.target.webhookId, d.sequence, d.attempts, d.body]),
    ).toEqual(expected.map((d) => [d.subjectId, d.webhookId, d.sequence, d.attempts, d.body]));
    for (const [index, real] of claimed.entries()) {
      claimedDeliveries.push({ real, model: expected[index]! });
    }
  }

  function changeDelivery(each: CallOf<"attempt" | "release delivery" | "redeliver">): void {
    const pair = some(claimedDeliveries, each.pick);
    if (pair === undefined) return;
    const { id } = pair.real;
    switch (each.kind) {
      case "attempt": {
        const { state, wait, says } = each;
        const given = { state, at: now, dueAt: now + wait, reason: "r" };
        const outcome = attemptOf(pair.real, given, says);
        return expectSameResult(
          store.recordAttempt(outcome),
          model.recordAttempt(pair.model, outcome),
        );
      }
      case "release delivery":
        return expectSameResult(store.releaseDeliveries([id]), model.releaseDelivery(pair.model));
      case "redeliver":
        return expectSameResult(store.redeliver(id, { now }), model.redeliver(pair.model, now));
    }
  }

  function register(each: CallOf<"register">): void {
    const { on, plugins, jobName, identity, rate, lifeMs, maxWebhooks } = each;
    const expiresAt = lifeMs === null ? null : now + lifeMs;
    const filter = { on, plugins, jobName, expiresAt };
    const webhook = newPersistent({ ...filter, identity, ratePerSecond: rate, createdAt: now });
    webhookIds.push(webhook.id);
    const limits = { maxWebhooks };
    expectSameResult(
      store.registerWebhook(webhook, limits),
      model.registerWebhook(webhook, limits),
    );
  }

  function changeWebhook(each: CallOf<"update" | "move webhook" | "remove webhook" | "recover">) {
    const ids = each.kind === "recover" ? [...webhookIds, "http://a", "http://b"] : webhookIds;
    const id = some(ids, each.pick) ?? "wh_unknown";
    switch (each.kind) {
      case "remove webhook":
        return expectSameResult(store.removeWebhook(id), model.removeWebhook(id));
      case "recover": {
        const request = { destination: id, since: now - each.age, limit: each.limit, now };
        return expectSameResult(store.recoverDeliveries(request), model.recoverDeliveries(request));
      }
      case "update": {
        const { on, plugins, jobName, lifeMs } = each;
        const expiresAt = lifeMs === null ? null : now + lifeMs;
        const patch = { on, plugins, jobName, expiresAt, ratePerSecond: 3 };
        return expectSameResult(
          store.updateWebhook(id, patch, { now }),
          model.updateWebhook(id, patch, { now }),
        );
      }
      case "move webhook": {
        const patch = { state: each.state, reason: each.state === "off" ? "gone" : null };
        return expectSameResult(
          store.updateWebhook(id, patch, { now }),
          model.updateWebhook(id, patch, { now }),
        );
      }
    }
  }

  async function make(each: Call): Promise<void> {
    switch (each.kind) {
      case "wait":
        now += each.ms;
        return;
      case "submit": {
        const limits = { maxQueued: each.maxQueued };
        const job = toJob(each.job);
        return expectSameResult(store.submitJob(job, limits), model.submitJob(job, limits));
      }
      case "submit batch":
        return submitBatch(each);
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
      case "prune": {
        const request = { endedBefore: now - each.age, limit: each.limit };
        return expectSameResult(store.pruneJobs(request), model.pruneJobs(request));
      }
      case "prune webhooks": {
        const request = { now, limit: each.limit };
        return expectSameResult(store.pruneWebhooks(request), model.pruneWebhooks(request));
      }
      case "shift": {
        const request = { now, byMs: each.ms };
        return expectSameResult(store.shiftDue(request), model.shiftDue(request));
      }
      case "advance":
      case "release":
      case "requeue":
      case "renew":
        return changeJob(each);
      case "claim deliveries":
        return claimDeliveries(each);
      case "attempt":
      case "release delivery":
      case "redeliver":
        return changeDelivery(each);
      case "register":
        return register(each);
      case "update":
      case "move webhook":
      case "remove webhook":
      case "recover":
        return changeWebhook(each);
    }
  }

  return { make, settled };
}

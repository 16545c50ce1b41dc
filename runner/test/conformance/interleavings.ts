/**
 * Any order of calls, as a property: a store answers as the model does, and holds the same in the
 * end. Calls are not awaited one by one, so a store's grouping of changes is tested with them.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { EVENT_KINDS } from "../../src/domain/event.ts";
import { hasEnded, type RunningJob, type Transition } from "../../src/domain/job.ts";
import type { ClaimedDelivery, Store } from "../../src/ports/store.ts";
import {
  attemptOf,
  beginning,
  claimDue,
  claimOf,
  completing,
  failing,
  LEASE_MS,
  newJob,
  newWebhook,
} from "./given.ts";
import { createModelStore, type ModelDelivery, type ModelStore } from "./model-store.ts";
import type { CreateSubject } from "./subject.ts";

const OWNERS = ["owner_1", "owner_2"] as const;
const owner = fc.constantFrom(...OWNERS);
const limit = fc.integer({ min: 0, max: 3 });
/** Picks one of the jobs or deliveries that were ever handed out, stale ones too. */
const pick = fc.nat(1000);

const call = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("submit" as const),
      priority: fc.integer({ min: 0, max: 2 }),
      delay: fc.constantFrom(0, 0, 0, 50, 2000),
      steps: fc.integer({ min: 1, max: 2 }),
      on: fc.option(fc.option(fc.subarray([...EVENT_KINDS], { minLength: 1 }), { nil: null }), {
        nil: undefined,
      }),
      key: fc.constantFrom(null, null, "a", "b"),
      fingerprint: fc.constantFrom("x", "y"),
      maxQueued: fc.constantFrom(2, 100, 100),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("claim" as const),
      owner,
      limit,
      ahead: fc.integer({ min: 0, max: 2 }),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), pick, fails: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("requeue" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("renew" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reap" as const), owner }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("prune" as const), limit, age: fc.nat(500) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("claim deliveries" as const), owner, limit }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("attempt" as const),
      pick,
      state: fc.constantFrom("delivered" as const, "dead" as const, "due" as const),
      wait: fc.nat(300),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("release delivery" as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(1, 20, 200, LEASE_MS + 1),
    }),
  },
);
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** The same job in the hands of whoever claimed it, in the store and in the model. */
interface Hand {
  real: RunningJob;
  model: RunningJob;
}

interface DeliveryHand {
  readonly real: ClaimedDelivery;
  readonly model: ModelDelivery;
  /** Attempts that the store knew of when it was handed out. */
  readonly attempts: number;
}

export function interleavingConformance(createSubject: CreateSubject): void {
  test("it answers and holds what the model does", { timeout: 120_000 }, async () => {
    const calls = fc.array(call, { minLength: 1, maxLength: 120, size: "max" });
    await fc.assert(
      fc.asyncProperty(calls, async (sequence) => {
        const subject = await createSubject();
        const store = await subject.open();
        try {
          const model = createModelStore(subject);
          const run = createRun(store, model);
          for (const each of sequence) await run.make(each);
          await run.settled();
          await expectSame(store, model);
        } finally {
          await store.close();
          await subject.remove();
        }
      }),
      { numRuns: 40 },
    );
  });
}

function createRun(store: Store, model: ModelStore) {
  let now = 10_000;
  const hands: Hand[] = [];
  const deliveryHands: DeliveryHand[] = [];
  let answers: Promise<void>[] = [];

  const answersLike = (answer: Promise<unknown>, expected: unknown): void => {
    answers.push(answer.then((real) => expect(real).toEqual(expected)));
  };
  const settled = async (): Promise<void> => {
    const all = answers;
    answers = [];
    await Promise.all(all);
  };
  const some = <T>(items: readonly T[], index: number): T | undefined =>
    items[index % Math.max(1, items.length)];

  function submit(each: Extract<Call, { kind: "submit" }>): void {
    const base = newJob();
    const job = newJob({
      priority: each.priority,
      plugins: base.plugins.slice(0, each.steps),
      createdAt: now,
      runAt: now + each.delay,
      webhook: each.on === undefined ? null : newWebhook({ on: each.on }),
      idempotency: each.key === null ? null : { key: each.key, fingerprint: each.fingerprint },
    });
    const { maxQueued } = each;
    answersLike(store.submitJob(job, { maxQueued }), model.submitJob(job, { maxQueued }));
  }

  async function claim(each: Extract<Call, { kind: "claim" }>): Promise<void> {
    const request = { ...each, now, leaseUntil: now + LEASE_MS };
    const expected = model.claimJobs(request);
    const claimed = await store.claimJobs(request);
    // A store may number its fences as it likes, as long as they grow.
    const withoutFence = (job: RunningJob) => ({ ...job, fence: null });
    expect(claimed.map(withoutFence)).toEqual(expected.map(withoutFence));
    for (const [index, real] of claimed.entries()) hands.push({ real, model: expected[index]! });
  }

  function advance(hand: Hand, fails: boolean): void {
    const toNext = (job: RunningJob): { transition: Transition; job: RunningJob } => {
      if (job.sequence === 0) {
        return { transition: beginning(job, now), job: { ...job, sequence: 1 } };
      }
      return fails ? { transition: failing(job, now), job } : completing(job, now);
    };
    if (hand.real.completedSteps.length === hand.real.plugins.length) return;
    const real = toNext(hand.real);
    const expected = toNext(hand.model);
    const stored = model.commitTransition(claimOf(hand.model), expected.transition);
    answersLike(store.commitTransition(claimOf(hand.real), real.transition), stored);
    if (stored) Object.assign(hand, { real: real.job, model: expected.job });
  }

  async function claimDeliveries(each: Extract<Call, { kind: "claim deliveries" }>) {
    const request = { ...each, now, leaseUntil: now + LEASE_MS };
    // Lanes are read, and a read sees what is committed.
    await settled();
    const expected = model.claimDeliveries(request);
    const claimed = await claimDue(store, request);
    expect(claimed.map((d) => `${d.subjectId} ${d.sequence} ${d.attempts} ${d.body}`)).toEqual(
      expected.map((d) => `${d.jobId} ${d.event.sequence} ${d.attempts} ${d.event.body}`),
    );
    for (const [index, real] of claimed.entries()) {
      deliveryHands.push({ real, model: expected[index]!, attempts: real.attempts });
    }
  }

  function attempt(hand: DeliveryHand, each: Extract<Call, { kind: "attempt" }>): void {
    const { state } = each;
    const dueAt = now + each.wait;
    // Its job may be pruned by now; nobody holds a delivery for that long.
    if (!model.deliveries().includes(hand.model)) return;
    model.recordAttempt(hand.model, { number: hand.attempts + 1, at: now, state, dueAt });
    const outcome = attemptOf(hand.real, { state, at: now, dueAt, reason: "r" });
    answersLike(store.recordAttempt(outcome), undefined);
  }

  async function make(each: Call): Promise<void> {
    switch (each.kind) {
      case "wait":
        now += each.ms;
        return;
      case "submit":
        return submit(each);
      case "claim":
        return claim(each);
      case "claim deliveries":
        return claimDeliveries(each);
      case "reap":
        return answersLike(store.reap({ ...each, now }), model.reap({ ...each, now }));
      case "prune": {
        const request = { endedBefore: now - each.age, limit: each.limit };
        return answersLike(store.pruneJobs(request), model.pruneJobs(request));
      }
      case "attempt":
      case "release delivery": {
        const hand = some(deliveryHands, each.pick);
        if (hand === undefined) return;
        if (each.kind === "attempt") return attempt(hand, each);
        model.releaseDelivery(hand.model);
        return answersLike(store.releaseDeliveries([hand.real.id]), undefined);
      }
      case "advance":
      case "release":
      case "requeue":
      case "renew": {
        const hand = some(hands, each.pick);
        if (hand === undefined) return;
        if (each.kind === "advance") return advance(hand, each.fails);
        const [real, expected] = [claimOf(hand.real), claimOf(hand.model)];
        if (each.kind === "release") {
          model.releaseJob(expected);
          return answersLike(store.releaseJobs([real]), undefined);
        }
        if (each.kind === "requeue") {
          return answersLike(store.requeueJob(real, { now }), model.requeueJob(expected));
        }
        const leaseUntil = now + LEASE_MS;
        model.renewLease(expected, leaseUntil);
        return answersLike(store.renewLeases([real], { leaseUntil }), undefined);
      }
    }
  }

  return { make, settled };
}

async function expectSame(store: Store, model: ModelStore): Promise<void> {
  expect(await store.counts()).toEqual(model.counts());
  const listed = await store.jobs({}, { limit: 1000, cursor: null });
  expect(listed.items.map(({ id }) => id).toReversed()).toEqual(
    model.jobs().map(({ spec }) => spec.id),
  );
  for (const job of model.jobs()) {
    const { webhook, idempotency: _, ...spec } = job.spec;
    const real = await store.job(job.spec.id);
    expect(real).toMatchObject({
      spec,
      webhook,
      status: job.status,
      sequence: job.sequence,
      stepAttempts: job.stepAttempts,
      startedAt: job.startedAt,
      endedAt: job.endedAt,
      steps: job.steps,
    });
    expect(real?.failure !== null).toBe(job.status === "failed");
    expect(hasEnded(job.status)).toBe(real?.endedAt !== null);
    const events = await store.events(job.spec.id, { after: 0, limit: 1000 });
    expect(events).toEqual(job.events);
    const line = await store.deliveries({ jobId: job.spec.id }, { limit: 1000, cursor: null });
    expect(
      line.items
        .toReversed()
        .map(({ sequence, state, attempts }) => ({ sequence, state, attempts })),
    ).toEqual(
      job.line.map(({ event, state, attempts }) => ({ sequence: event.sequence, state, attempts })),
    );
  }
}

/**
 * A property test with calls in any order: a store returns what the model returns, and contains the
 * same in the end. Calls are not awaited one by one, so the grouping of changes is tested as well.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hasEnded } from "../../src/domain/job.ts";
import type { WaitingFor } from "../../src/domain/waiting-for.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { sequencesOf, TAGS } from "./calls.ts";
import { ALL_OUTPUTS } from "./given.ts";
import { createModelStore, type ModelStore } from "./model/model-store.ts";
import type { ModelBatch, ModelDelivery, ModelJob } from "./model/state.ts";
import { createRun } from "./run.ts";
import type { CreateSubject, Subject } from "./subject.ts";

const ALL = { limit: 1000, cursor: null };

/** Set it to try more sequences. */
const SEQUENCES = process.env["TEST_SEQUENCES"];
/** Set both to what a failure printed, to repeat it: TEST_SEED=7 TEST_PATH=2:4:1. */
const { TEST_SEED: SEED, TEST_PATH: PATH } = process.env;
const REPEATED = SEED !== undefined && PATH !== undefined && { seed: Number(SEED), path: PATH };
/** Of one sequence, on a busy machine. */
const MAX_SEQUENCE_MS = 6_000;

export function interleavingConformance(createSubject: CreateSubject, numRuns: number): void {
  const runs = Number(SEQUENCES ?? numRuns);
  const timeout = runs * MAX_SEQUENCE_MS;
  test("it returns and contains the same as the model", { timeout }, async () => {
    await expectSameAsModel(createSubject, { stores: 1, numRuns: runs });
  });
  test("what is exported and imported contains the same too", { timeout }, async () => {
    await expectSameAsModel(createSubject, {
      stores: 1,
      numRuns: Math.ceil(runs / 4),
      moves: true,
    });
  });
}

/** Two stores have the same data open, and each call is made by one of them. */
export function sharedInterleavingConformance(createSubject: CreateSubject, numRuns: number): void {
  const runs = Number(SEQUENCES ?? numRuns);
  test(
    "two stores together return and contain the same as one model",
    async () => {
      await expectSameAsModel(createSubject, { stores: 2, numRuns: runs });
    },
    runs * MAX_SEQUENCE_MS,
  );
}

async function expectSameAsModel(
  createSubject: CreateSubject,
  { stores: count, numRuns, moves = false }: { stores: number; numRuns: number; moves?: boolean },
): Promise<void> {
  const calls = sequencesOf(fc.nat(count - 1));
  await fc.assert(
    fc.asyncProperty(calls, async (sequence) => {
      const subject = await createSubject();
      const stores: Store[] = [];
      for (let opened = 0; opened < count; opened += 1) stores.push(await subject.open());
      try {
        const model = createModelStore(subject);
        const run = createRun(stores, model);
        for (const [each, by] of sequence) await run.make(each, by);
        await run.settled();
        const alone = count === 1;
        for (const store of stores) await expectSame(store, model, { alone, now: run.now() });
        // Half of the sequences leave jobs in each state, for the check of the database.
        if (!moves && sequence.length % 2 === 0) {
          await run.drain();
          for (const store of stores) await expectSame(store, model, { alone, now: run.now() });
        }
        if (moves) await expectSameWhenMoved(subject, stores.splice(0), model, run.now());
      } finally {
        for (const store of stores) await store.close();
        await subject.remove();
      }
    }),
    // Else a sequence that fails is shrunk until the test's own time is over, and nobody sees its seed.
    { numRuns, interruptAfterTimeLimit: (numRuns * MAX_SEQUENCE_MS) / 2, ...REPEATED },
  );
}

async function expectSameWhenMoved(
  subject: Subject,
  stores: readonly Store[],
  model: ModelStore,
  now: number,
): Promise<void> {
  for (const store of stores) await store.close();
  const moved = await subject.move?.();
  if (moved === undefined) return;
  const store = await moved.open();
  try {
    await expectSame(store, model, { alone: false, now });
  } finally {
    await store.close();
    await moved.remove();
  }
}

async function expectSame(
  store: Store,
  model: ModelStore,
  { alone, now }: { alone: boolean; now: number },
): Promise<void> {
  expect(await store.counts()).toEqual(model.counts());
  expect((await store.queueState()).waiting).toEqual(model.waiting());
  const due = await store.nextDestinationDue({ except: [] });
  const expected = model.nextDestinationDue({ except: [] });
  // Each store remembers for itself when it last served a destination.
  if (alone) expect(due).toBe(expected);
  else expect(due === null).toBe(expected === null);
  expect(await store.batchesToEnd({ limit: 1000 })).toEqual(model.batchesToEnd());
  const listed = await store.jobs({}, ALL);
  expect(listed.items.map(({ id }) => id).toReversed()).toEqual(
    model.jobs().map(({ spec }) => spec.id),
  );
  for (const tags of [TAGS.slice(0, 1), TAGS]) {
    const tagged = await store.jobs({ tags }, ALL);
    expect(tagged.items.map(({ id }) => id).toReversed()).toEqual(model.jobsWithTags(tags));
  }
  for (const job of model.jobs()) await expectSameJob(store, job, model);
  for (const batch of model.batches()) await expectSameBatch(store, batch);
  await expectSameWebhooks(store, model);
  await expectSameDeliveries(store, model);
  await expectSameLimits(store, model, now);
  await expectSameSchedules(store, model, now);
}

async function expectSameJob(store: Store, job: ModelJob, model: ModelStore) {
  const { webhook, idempotency: _, tags = [], declaredLimits: __, ...spec } = job.spec;
  const real = await store.job(job.spec.id, ALL_OUTPUTS);
  const { status, sequence, stepAttempts, startedAt, endedAt, steps, attempts } = job;
  const changed = {
    status,
    sequence,
    stepAttempts,
    startedAt,
    endedAt,
    payloadsRemovedAt: job.payloadsRemovedAt,
    steps,
    attempts,
  };
  expect(real).toMatchObject({
    ...changed,
    tags: tags.toSorted(),
    spec: { ...spec, runAt: job.runAt },
    failedAttempts: job.failedAttempts,
    ...(model.slotOf(job) === null && { waitingFor: waitOf(job) }),
  });
  expectSameWait(real?.waitingFor ?? null, job, model);
  expect({ ...real?.webhook, destination: real?.webhook?.destination.key }).toEqual({
    ...webhook,
    destination: webhook?.destination.key,
  });
  expect(real?.failure !== null).toBe(status === "failed");
  expect(hasEnded(status)).toBe(real?.endedAt !== null);
  expect(await store.events(job.spec.id, { after: 0, limit: 1000 })).toEqual(job.events);
}

function waitOf(job: ModelJob): WaitingFor | null {
  const { status, isDue, failedAttempts, runAt: at, attempts } = job;
  const last = attempts.at(-1);
  if (status !== "queued" || isDue || failedAttempts === 0 || last === undefined)
    return job.waitingFor;
  const { message } = last.failure;
  return { kind: "retry", at, failedAttempts, message, since: last.endedAt };
}

/** While a rate or a free slot can let a job begin, a store can say either. */
function expectSameWait(real: WaitingFor | null, job: ModelJob, model: ModelStore): void {
  const wait = model.slotOf(job);
  if (wait === null || (wait === "can wait" && real === null)) return;
  const { name: on, key } = job.limit!;
  expect(real).toMatchObject({ kind: "limit", on, key });
}

async function expectSameLimits(store: Store, model: ModelStore, now: number): Promise<void> {
  const real = await store.limits();
  const shown = real.map(({ waitingKeys: _keys, pausedKeys, pause, ...limit }) => {
    const all = [...(pause === null ? [] : [{ key: null, ...pause }]), ...pausedKeys];
    return { ...limit, pauses: all.filter(({ until }) => until === null || until > now) };
  });
  const expected = model.limits(now).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  expect(shown).toMatchObject(expected);
}

async function expectSameSchedules(store: Store, model: ModelStore, now: number): Promise<void> {
  const { items } = await store.schedules(ALL);
  const expected = model.schedules();
  expect(items).toMatchObject(expected.map(({ slots: _slots, ...schedule }) => schedule));
  for (const { id, slots } of expected) {
    const decided = (await store.scheduleSlots(id, ALL)).items.toReversed();
    expect(decided.map(({ number: _number, detail: _detail, ...slot }) => slot)).toEqual(slots);
    const open = await store.openScheduleJobs(id, { limit: 1000 });
    expect(open.map(({ jobId }) => jobId)).toEqual(
      slots.filter(({ job }) => job === "open").map(({ jobId }) => jobId),
    );
  }
  const toDecide = await store.schedulesToDecide({ now, limit: 1000 });
  expect(toDecide.map(({ key }) => key).toSorted()).toEqual(
    model.schedulesToDecide(now).toSorted(),
  );
  expect(await store.nextScheduleDue()).toBe(model.nextScheduleDue());
}

async function expectSameBatch(store: Store, batch: ModelBatch) {
  const { spec, jobIds, webhook, callback, payloadsRemovedAt } = batch;
  const real = await store.batch(spec.id);
  expect(real).toMatchObject({
    createdAt: spec.createdAt,
    endedAt: callback?.at ?? null,
    payloadsRemovedAt,
  });
  expect(real?.webhook?.id).toBe(webhook?.id);
  expect(real?.jobs.map(({ jobId }) => jobId)).toEqual(jobIds);
}

async function expectSameWebhooks(store: Store, model: ModelStore): Promise<void> {
  const { items } = await store.webhooks(ALL);
  expect(items).toEqual(
    model.webhooks().map(({ spec, state, reason, failingSince, version }) => ({
      ...spec,
      state,
      reason,
      failingSince,
      version,
      destination: expect.any(Number),
      updatedAt: expect.any(Number),
    })),
  );
}

async function expectSameDeliveries(store: Store, model: ModelStore): Promise<void> {
  const { items } = await store.deliveries({}, ALL);
  const real = items.map(({ jobId, batchId, createdAt: eventAt, ...each }) =>
    toFacts({ ...each, subjectId: jobId ?? batchId, eventAt }),
  );
  // The order of deliveries of one event to different webhooks is not specified.
  expect(real.toSorted(byPlace)).toEqual(model.deliveries().map(toFacts).toSorted(byPlace));
}

type Facts = Pick<
  ModelDelivery,
  "webhookId" | "sequence" | "kind" | "state" | "dueAt" | "attempts" | "reason" | "eventAt"
> & { readonly subjectId: string | null };

function toFacts(each: Facts): Facts {
  const { subjectId, webhookId, sequence, kind, state, dueAt, attempts, reason, eventAt } = each;
  return { subjectId, webhookId, sequence, kind, state, dueAt, attempts, reason, eventAt };
}

function byPlace(a: Facts, b: Facts): number {
  const place = ({ subjectId, webhookId }: Facts) => `${subjectId} ${webhookId}`;
  return place(a).localeCompare(place(b)) || a.sequence - b.sequence;
}

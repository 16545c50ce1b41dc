/**
 * A property test with calls in any order: a store returns what the model returns, and contains the
 * same in the end. Calls are not awaited one by one, so the grouping of changes is tested as well.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hasEnded } from "../../src/domain/job.ts";
import type { WaitingFor } from "../../src/domain/waiting-for.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { call, TAGS } from "./calls.ts";
import { ALL_OUTPUTS } from "./given.ts";
import { createModelStore, type ModelStore } from "./model/model-store.ts";
import type { ModelBatch, ModelDelivery, ModelJob } from "./model/state.ts";
import { createRun } from "./run.ts";
import type { CreateSubject } from "./subject.ts";

const ALL = { limit: 1000, cursor: null };

export function interleavingConformance(createSubject: CreateSubject, numRuns: number): void {
  test("it returns and contains the same as the model", { timeout: 240_000 }, async () => {
    await expectSameAsModel(createSubject, { stores: 1, numRuns });
  });
}

/** Two stores have the same data open, and each call is made by one of them. */
export function sharedInterleavingConformance(createSubject: CreateSubject, numRuns: number): void {
  test("two stores together return and contain the same as one model", async () => {
    await expectSameAsModel(createSubject, { stores: 2, numRuns });
  }, 240_000);
}

async function expectSameAsModel(
  createSubject: CreateSubject,
  { stores: count, numRuns }: { stores: number; numRuns: number },
): Promise<void> {
  const steps = fc.tuple(call, fc.nat(count - 1));
  const calls = fc.array(steps, { minLength: 1, maxLength: 160, size: "max" });
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
        for (const store of stores) await expectSame(store, model, { alone: count === 1 });
      } finally {
        for (const store of stores) await store.close();
        await subject.remove();
      }
    }),
    { numRuns },
  );
}

async function expectSame(
  store: Store,
  model: ModelStore,
  { alone }: { alone: boolean },
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
  for (const job of model.jobs()) await expectSameJob(store, job);
  for (const batch of model.batches()) await expectSameBatch(store, batch);
  await expectSameWebhooks(store, model);
  await expectSameDeliveries(store, model);
}

async function expectSameJob(store: Store, job: ModelJob) {
  const { webhook, idempotency: _, tags = [], ...spec } = job.spec;
  const real = await store.job(job.spec.id, ALL_OUTPUTS);
  const { status, sequence, stepAttempts, startedAt, endedAt, steps, attempts } = job;
  const changed = { status, sequence, stepAttempts, startedAt, endedAt, steps, attempts };
  expect(real).toMatchObject({
    ...changed,
    tags: tags.toSorted(),
    spec: { ...spec, runAt: job.runAt },
    failedAttempts: job.failedAttempts,
    waitingFor: waitOf(job),
  });
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

async function expectSameBatch(store: Store, batch: ModelBatch) {
  const { spec, jobIds, webhook, callback } = batch;
  const real = await store.batch(spec.id);
  expect(real).toMatchObject({ createdAt: spec.createdAt, endedAt: callback?.at ?? null });
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

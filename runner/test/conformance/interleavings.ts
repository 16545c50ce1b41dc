/**
 * A property test with calls in any order: a store returns what the model returns, and contains the
 * same in the end. Calls are not awaited one by one, so the grouping of changes is tested as well.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hasEnded } from "../../src/domain/job.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { call } from "./calls.ts";
import { ALL_OUTPUTS } from "./given.ts";
import { createModelStore, type ModelStore } from "./model/model-store.ts";
import type { ModelBatch, ModelDelivery, ModelJob } from "./model/state.ts";
import { createRun } from "./run.ts";
import type { CreateSubject } from "./subject.ts";

const ALL = { limit: 1000, cursor: null };

export function interleavingConformance(createSubject: CreateSubject): void {
  test("it returns and contains the same as the model", { timeout: 120_000 }, async () => {
    const calls = fc.array(call, { minLength: 1, maxLength: 160, size: "max" });
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

async function expectSame(store: Store, model: ModelStore): Promise<void> {
  expect(await store.counts()).toEqual(model.counts());
  expect(await store.nextDestinationDue({ except: [] })).toBe(
    model.nextDestinationDue({ except: [] }),
  );
  expect(await store.batchesToEnd({ limit: 1000 })).toEqual(model.batchesToEnd());
  const listed = await store.jobs({}, ALL);
  expect(listed.items.map(({ id }) => id).toReversed()).toEqual(
    model.jobs().map(({ spec }) => spec.id),
  );
  for (const job of model.jobs()) await expectSameJob(store, job);
  for (const batch of model.batches()) await expectSameBatch(store, batch);
  await expectSameWebhooks(store, model);
  await expectSameDeliveries(store, model);
}

async function expectSameJob(store: Store, job: ModelJob) {
  const { webhook, idempotency: _, ...spec } = job.spec;
  const real = await store.job(job.spec.id, ALL_OUTPUTS);
  const { status, sequence, stepAttempts, startedAt, endedAt, waitingFor, steps } = job;
  const changed = { status, sequence, stepAttempts, startedAt, endedAt, waitingFor, steps };
  expect(real).toMatchObject({ spec, ...changed });
  expect({ ...real?.webhook, destination: real?.webhook?.destination.key }).toEqual({
    ...webhook,
    destination: webhook?.destination.key,
  });
  expect(real?.failure !== null).toBe(status === "failed");
  expect(hasEnded(status)).toBe(real?.endedAt !== null);
  expect(await store.events(job.spec.id, { after: 0, limit: 1000 })).toEqual(job.events);
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
    model.webhooks().map(({ spec, state, reason, failingSince }) => ({
      ...spec,
      state,
      reason,
      failingSince,
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

/** Two stores stand for two daemons. Their write groups overlap: no call waits for the other store's. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ClaimedDelivery } from "../../src/ports/store/deliveries.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { checkDatabase } from "../../src/store/postgres/check-database.ts";
import { createPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import {
  attemptOf,
  beginning,
  callbackEvent,
  claim,
  claimDue,
  claimOf,
  claimOne,
  completeAll,
  completeOne,
  completing,
  deliverAll,
  roomFor,
  newBatch,
  newJob,
  newWebhook,
  register,
  start,
  submit,
  submitBatch,
  UNLIMITED,
} from "../conformance/given.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";

let schema: Schema;
let stores: readonly [Store, Store];

beforeEach(async () => {
  schema = await createSchema();
  const open = () => createPostgresStore({ url: schema.url, schema: schema.name });
  stores = [await open(), await open()];
});

afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  const { broken } = await checkDatabase({ url: schema.url, schema: schema.name });
  await schema.release();
  expect(broken).toEqual([]);
});

const bothAtOnce = <T>(act: (store: Store, owner: string) => Promise<T>): Promise<[T, T]> =>
  Promise.all([act(stores[0], "owner_1"), act(stores[1], "owner_2")]);

/** Claims jobs and runs all of them at the same time, until none is left. */
async function runJobs(store: Store, owner: string): Promise<void> {
  for (;;) {
    const jobs = await claim(store, { owner, limit: 7 });
    if (jobs.length === 0) return;
    await Promise.all(jobs.map((job) => completeAll(store, job)));
  }
}

interface Sent {
  readonly place: string;
  readonly sequence: number;
}

/**
 * Delivers what is due until `isDone`, and adds to what was sent, in the order of the sends. Returns how
 * many were handed over, which takes `hasRoom`.
 */
async function deliver(
  store: Store,
  owner: string,
  { sent, isDone, hasRoom }: { sent: Sent[]; isDone: () => Promise<boolean>; hasRoom: boolean },
): Promise<number> {
  let handedOver: readonly ClaimedDelivery[] = [];
  let handedOverCount = 0;
  for (;;) {
    const due = [...handedOver, ...(await claimDue(store, { owner, limit: 5 }))];
    for (const { subjectId, target, sequence } of due) {
      sent.push({ place: `${subjectId} ${target.webhookId}`, sequence });
    }
    const room = hasRoom ? roomFor(owner) : undefined;
    const recorded = await Promise.all(
      due.map((each) => store.recordAttempt(attemptOf(each, { state: "delivered" }), room)),
    );
    handedOver = recorded.flatMap((each) =>
      each === "lost" ? [] : (each?.handedOver?.deliveries ?? []),
    );
    handedOverCount += handedOver.length;
    if (due.length === 0 && (await isDone())) return handedOverCount;
  }
}

test.each([
  ["claims", false],
  ["is handed over", true],
])(
  "every event of every job is delivered once and in order, whichever daemon runs and %s",
  async (_, hasRoom) => {
    await register(stores[0]);
    const jobs: NewJob[] = [];
    for (let number = 0; number < 40; number += 1) {
      const store = stores[number % 2] ?? stores[0];
      // Alone at its destination, what follows a delivery is the next to be claimed there.
      const destination = { key: `http://${number}`, ratePerSecond: null };
      jobs.push(await submit(store, { webhook: newWebhook({ destination }) }));
    }
    const sent: Sent[] = [];
    let hasRun = false;
    const isDone = async (): Promise<boolean> => {
      const { waiting, due } = (await stores[0].counts()).deliveries;
      return hasRun && waiting + due === 0;
    };
    if (hasRoom) await bothAtOnce(runJobs);
    const sending = bothAtOnce((store, owner) => deliver(store, owner, { sent, isDone, hasRoom }));
    if (!hasRoom) await bothAtOnce(runJobs);
    hasRun = true;
    const [first, second] = await sending;
    expect(first + second > 0).toBe(hasRoom);
    const { deliveries, jobs: states } = await stores[0].counts();
    expect(states).toMatchObject({ queued: 0, running: 0, completed: 40 });
    // Four events of each job, to its own webhook and to the persistent one.
    expect(deliveries).toEqual({ waiting: 0, due: 0, delivered: 320, dead: 0 });
    expect(sent).toHaveLength(320);
    for (const own of Map.groupBy(sent, ({ place }) => place).values()) {
      expect(own.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    }
  },
  120_000,
);

test("an event that is emitted while the one before it ends is delivered", async () => {
  for (let round = 0; round < 25; round += 1) {
    await submit(stores[0], { webhook: newWebhook() });
    const job = await start(stores[0], await claimOne(stores[0]));
    const [first] = await claimDue(stores[1]);
    const { transition, job: next } = completing(job);
    await Promise.all([
      stores[0].commitTransition(claimOf(job), transition),
      stores[1].recordAttempt(attemptOf(first!, { state: "delivered" })),
    ]);
    const [second] = await claimDue(stores[0]);
    expect(second).toMatchObject({ subjectId: job.id, sequence: 2 });
    await stores[0].recordAttempt(attemptOf(second!, { state: "delivered" }));
    await completeOne(stores[0], next);
    await deliverAll(stores[0]);
  }
}, 120_000);

test("of two submits with one idempotency key at the same time, one is stored", async () => {
  for (let round = 0; round < 20; round += 1) {
    const idempotency = { key: `key ${round}`, fingerprint: "x" };
    const outcomes = await bothAtOnce((store) =>
      store.submitJob(newJob({ idempotency }), UNLIMITED),
    );
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(["accepted", "duplicate"]);
  }
  expect((await stores[0].counts()).jobs.queued).toBe(20);
});

test("of two batches with a job of the same key at the same time, both have one job", async () => {
  for (let round = 0; round < 10; round += 1) {
    const idempotency = { key: `key ${round}`, fingerprint: "x" };
    const batches = await bothAtOnce((store) => {
      const batch = newBatch([newJob({ idempotency }), newJob()]);
      return store.submitBatch(batch, UNLIMITED).then((outcome) => ({ batch, outcome }));
    });
    expect(batches.map(({ outcome }) => outcome.kind)).toEqual(["accepted", "accepted"]);
    const [a, b] = await Promise.all(batches.map(({ batch }) => stores[0].batch(batch.id)));
    expect(a?.jobs[0]?.jobId).toBe(b?.jobs[0]?.jobId);
  }
}, 60_000);

test("a batch whose last jobs end in two daemons at the same time ends once", async () => {
  for (let round = 0; round < 10; round += 1) {
    const batch = await submitBatch(stores[0], [newJob(), newJob()], { webhook: newWebhook() });
    const claimed = await bothAtOnce((store, owner) => claimOne(store, { owner }));
    await Promise.all(claimed.map((job, index) => completeAll(stores[index] ?? stores[0], job)));
    const ended = await bothAtOnce((store) => store.endBatch(batch.id, callbackEvent()));
    expect(ended.filter((hasEnded) => hasEnded)).toHaveLength(1);
  }
  expect((await stores[0].counts()).deliveries.due).toBe(10);
}, 60_000);

test("a batch that is given a job while the job ends can end", async () => {
  for (let round = 0; round < 15; round += 1) {
    const idempotency = { key: `key ${round}`, fingerprint: "x" };
    await submit(stores[0], { idempotency });
    const running = await claimOne(stores[0]);
    const [batch] = await Promise.all([
      submitBatch(stores[1], [newJob({ idempotency })]),
      completeAll(stores[0], running),
    ]);
    expect(await stores[0].batchesToEnd({ limit: 100 })).toContain(batch.id);
  }
}, 60_000);

function upload(store: Store, id: string, sha256: string): Promise<void> {
  const file = { id, name: "n.csv", type: "text/csv", size: 10, sha256 };
  return store.createFile({ ...file, createdAt: 1, expiresAt: 1 });
}

test("a content that two daemons store at the same time counts once", async () => {
  for (let round = 1; round <= 20; round += 1) {
    await bothAtOnce((store, owner) => upload(store, `file_${round}_${owner}`, `content ${round}`));
    const usage = { files: 2 * round, bytes: 10 * round };
    expect(await stores[0].fileUsage()).toEqual(usage);
  }
  const counted = await bothAtOnce((store) => store.pruneFiles({ now: 10, limit: 100 }));
  expect(counted.toSorted((a, b) => a - b)).toEqual([0, 40]);
  expect(await stores[1].fileUsage()).toEqual({ files: 0, bytes: 0 });
});

test("a file that one daemon deletes while a job of the other names it is gone, or is kept for it", async () => {
  for (let round = 0; round < 30; round += 1) {
    const id = `file_${round}`;
    await upload(stores[0], id, "content");
    const [deleted, { kind }] = await Promise.all([
      stores[0].deleteFile(id),
      stores[1].submitJob(newJob({ files: [id] }), UNLIMITED),
    ]);
    expect([deleted, kind]).toEqual(
      kind === "accepted" ? ["in-use", "accepted"] : ["deleted", "no-file"],
    );
    expect((await stores[0].file(id)) === null).toBe(deleted === "deleted");
  }
});

test("two daemons never claim one job or one delivery", async () => {
  for (let number = 0; number < 30; number += 1) await submit(stores[0], { webhook: newWebhook() });
  const jobs = (await bothAtOnce((store, owner) => claim(store, { owner, limit: 30 }))).flat();
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(jobs.length);
  await Promise.all(jobs.map((job) => stores[0].commitTransition(claimOf(job), beginning(job))));
  const due = (await bothAtOnce((store, owner) => claimDue(store, { owner }))).flat();
  expect(new Set(due.map(({ id }) => id)).size).toBe(due.length);
});

test("a destination with a rate gives two daemons together no more than its tokens", async () => {
  const destination = { key: "http://limited", ratePerSecond: 10 };
  for (let number = 0; number < 30; number += 1) {
    await submit(stores[0], { webhook: newWebhook({ destination }) });
  }
  const jobs = await claim(stores[0], { limit: 30 });
  await Promise.all(jobs.map((job) => stores[0].commitTransition(claimOf(job), beginning(job))));
  let claimed = 0;
  for (let now = 100; now < 1_100; now += 100) {
    const due = await bothAtOnce((store, owner) => claimDue(store, { owner, now }));
    claimed += due.flat().length;
  }
  // A burst of ten, and one for each tenth of a second.
  expect(claimed).toBeLessThanOrEqual(20);
  expect(claimed).toBeGreaterThanOrEqual(10);
});

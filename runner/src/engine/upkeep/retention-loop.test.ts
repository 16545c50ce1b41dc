import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createWorld,
  HOOK,
  REQUEST,
  type EngineInTest,
  type World,
} from "../../../test/support/engine.ts";
import type { SubmitRequest } from "../requests.ts";
import { answered } from "../../../test/support/scripted-sender.ts";
import { until } from "../../../test/support/until.ts";

/** More than the loop deletes in one transaction. */
const MANY = 120;
const RETENTION_MS = 1_000;
const MINUTE_MS = 60_000;

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("one run of the loop deletes all jobs that ended too long ago, not only the first slice", async () => {
  const { submit } = await world.startEngine({
    run: (step) => step.complete(),
    retentionMs: RETENTION_MS,
  });
  await Promise.all(Array.from({ length: MANY }, () => submit()));
  const completed = async (): Promise<number> => (await world.store.counts()).jobs.completed;
  await until("all jobs to end", async () => (await completed()) === MANY);
  await world.runUntil(world.clock.now() + MINUTE_MS + RETENTION_MS);
  expect(await completed()).toBe(0);
});

test("one run of the loop returns the space of what it deleted to the disk", async () => {
  const { submit } = await world.startEngine({
    run: (step) => step.complete(),
    retentionMs: RETENTION_MS,
  });
  const text = "x".repeat(10_000);
  await Promise.all(Array.from({ length: MANY }, () => submit({ input: { text } })));
  const completed = async (): Promise<number> => (await world.store.counts()).jobs.completed;
  await until("all jobs to end", async () => (await completed()) === MANY);
  const before = await world.store.size();
  await world.runUntil(world.clock.now() + MINUTE_MS + RETENTION_MS);
  expect(await completed()).toBe(0);
  const after = await world.store.size();
  expect(after.bytes).toBeLessThan(before.bytes / 2);
});

test("one run of the loop deletes all expired webhooks, although no job is old", async () => {
  const { engine } = await world.startEngine({ retentionMs: RETENTION_MS, maxWebhooks: MANY + 1 });
  const expiresAt = world.clock.now() + 1_000;
  const { webhook: kept } = await engine.webhooks.register({ ...HOOK, on: ["completed"] });
  for (let n = 0; n < MANY; n += 1) {
    const url = `${HOOK.url}/${n}`;
    await engine.webhooks.register({ ...HOOK, url, on: ["completed"], expiresAt });
  }
  await world.runUntil(world.clock.now() + MINUTE_MS + 1_000);
  const { items } = await world.store.webhooks({ limit: MANY, cursor: null });
  expect(items.map(({ id }) => id)).toEqual([kept.id]);
});

describe("payloads", () => {
  /** Ends jobs, and lets the loop run when they are older than the age of payloads. */
  async function endAndWait({ submit }: EngineInTest, count: number): Promise<string[]> {
    const ids = await Promise.all(Array.from({ length: count }, () => submit()));
    const completed = async (): Promise<number> => (await world.store.counts()).jobs.completed;
    await until("all jobs to end", async () => (await completed()) === count);
    await world.runUntil(world.clock.now() + 2 * MINUTE_MS);
    return ids;
  }
  const removedAt = async (id: string) => (await world.job(id)).payloadsRemovedAt;

  test("of all jobs that are too old go in one run of the loop, and the jobs stay", async () => {
    const engine = await world.startEngine({
      run: (step) => step.complete(),
      payloadRetentionMs: RETENTION_MS,
    });
    const ids = await endAndWait(engine, MANY);
    const jobs = await Promise.all(ids.map((id) => world.job(id)));
    expect(jobs.filter(({ payloadsRemovedAt }) => payloadsRemovedAt === null)).toEqual([]);
    expect(new Set(jobs.map(({ spec }) => spec.input))).toEqual(new Set(["null"]));
  });

  test("stay as long as the jobs if no age is set", async () => {
    const engine = await world.startEngine({ run: (step) => step.complete() });
    const [id] = await endAndWait(engine, 1);
    expect(await removedAt(id!)).toBeNull();
  });

  test("stay until the event is delivered, and are looked at again within the hour after", async () => {
    let isUp = false;
    const engine = await world.startEngine({
      run: (step) => step.complete(),
      payloadRetentionMs: RETENTION_MS,
      answer: () => answered(isUp ? 200 : 500),
    });
    const id = await engine.submit({ webhook: HOOK });
    await until("the job to end", async () => (await world.job(id)).endedAt !== null);
    await world.runUntil(world.clock.now() + 2 * MINUTE_MS);
    expect(await removedAt(id)).toBeNull();
    isUp = true;
    await world.runUntil(world.clock.now() + 4 * 60 * MINUTE_MS);
    expect(await removedAt(id)).not.toBeNull();
  });
});

describe("above a limit", () => {
  /** Ends the jobs of the texts, each a millisecond after the one before. Returns their ids. */
  async function endInOrder(
    { submit }: EngineInTest,
    texts: readonly string[],
    fields: Partial<SubmitRequest> = {},
  ): Promise<string[]> {
    const ids: string[] = [];
    for (const text of texts) {
      const jobId = await submit({ input: { text }, ...fields });
      await until("the job to end", async () => (await world.job(jobId)).endedAt !== null);
      await world.runUntil(world.clock.now() + 1);
      ids.push(jobId);
    }
    return ids;
  }

  const nextRun = (): Promise<void> => world.runUntil(world.clock.now() + 2 * MINUTE_MS);
  async function kept(ids: readonly string[]): Promise<string[]> {
    const jobs = await Promise.all(ids.map((id) => world.store.job(id)));
    return ids.filter((_, index) => jobs[index] !== null);
  }
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`);

  test("of their number, the oldest ended jobs go", async () => {
    const engine = await world.startEngine({ run: (step) => step.complete(), maxEndedJobs: 4 });
    const ids = await endInOrder(engine, numbered(10));
    await nextRun();
    expect(await kept(ids)).toEqual(ids.slice(-4));
  });

  test("however many there are too many, they go within one run, the oldest first", async () => {
    const engine = await world.startEngine({ run: (step) => step.complete(), maxEndedJobs: 40 });
    const ids = await endInOrder(engine, numbered(350));
    await nextRun();
    expect(await kept(ids)).toEqual(ids.slice(-40));
  });

  test("the oldest go, also if the age at which failed jobs go is another", async () => {
    const engine = await world.startEngine({
      run: (step) => step.complete(),
      maxEndedJobs: 40,
      failedRetentionMs: MINUTE_MS,
    });
    const old = await endInOrder(engine, numbered(40));
    // The pass by age looks at them, and keeps them.
    await world.runUntil(world.clock.now() + 5 * MINUTE_MS);
    expect(await kept(old)).toEqual(old);
    const ids = await endInOrder(engine, numbered(30));
    await nextRun();
    expect(await kept([...old, ...ids])).toEqual([...old.slice(30), ...ids]);
  });

  test("the next oldest go in place of a job with an event that is not delivered", async () => {
    const engine = await world.startEngine({
      run: (step) => step.complete(),
      maxEndedJobs: 4,
      answer: () => answered(500),
    });
    const [waiting] = await endInOrder(engine, ["waits"], { webhook: HOOK });
    const ids = await endInOrder(engine, numbered(6));
    await nextRun();
    expect(await kept([waiting!, ...ids])).toEqual([waiting, ...ids.slice(-3)]);
  });

  test("the jobs of a batch go before those that ended after it, although they were passed", async () => {
    const started = await world.startEngine({
      run: (step) => step.complete(),
      maxEndedJobs: 10,
      answer: () => answered(500),
    });
    const jobs = numbered(6).map((text, index) => ({
      ...REQUEST,
      input: { text },
      runAt: world.clock.now() + index * 10,
    }));
    const request = { jobs, webhook: null, idempotencyKey: null };
    const { batchId } = await started.engine.submitBatch(request);
    await world.runUntil(world.clock.now() + 100);
    const batch = () => world.store.batch(batchId);
    await until("the batch to end", async () => (await batch())?.endedAt != null);
    // The cut stops in the batch, then behind two jobs that must be kept.
    const waiting = await endInOrder(started, numbered(2), { webhook: HOOK });
    const ids = await endInOrder(started, numbered(6));
    await nextRun();
    expect(await batch()).toBeNull();
    expect(await kept([...waiting, ...ids])).toEqual([...waiting, ...ids]);
    expect((await world.store.counts()).jobs.completed).toBe(10);
  });

  test("of the size, the oldest ended jobs go until what is stored is below it", async () => {
    const maxStoredBytes = 3_000_000;
    const engine = await world.startEngine({ run: (step) => step.complete(), maxStoredBytes });
    const ids = await endInOrder(engine, numbered(3));
    const large = await Promise.all(
      Array.from({ length: 300 }, () => engine.submit({ input: { text: "x".repeat(20_000) } })),
    );
    await until(
      "all jobs to end",
      async () => (await world.store.counts()).jobs.completed === ids.length + large.length,
    );
    const used = async (): Promise<number> => {
      const { bytes, freeBytes } = await world.store.size();
      return bytes - freeBytes;
    };
    expect(await used()).toBeGreaterThan(2 * maxStoredBytes);
    await nextRun();
    expect(await used()).toBeLessThan(maxStoredBytes);
    expect(await used()).toBeGreaterThan(maxStoredBytes / 10);
    expect(await kept(ids)).toEqual([]);
  });
});

test("failed jobs are kept as long as their own setting says", async () => {
  const engine = await world.startEngine({
    run: (step) => (step.task.input.includes("good") ? step.complete() : step.fail()),
    retentionMs: RETENTION_MS,
    failedRetentionMs: 10 * MINUTE_MS,
  });
  const [good, bad] = await Promise.all([
    engine.submit({ input: { text: "good" } }),
    engine.submit({ input: { text: "bad" } }),
  ]);
  for (const jobId of [good, bad]) {
    await until("the job to end", async () => (await world.job(jobId)).endedAt !== null);
  }
  await world.runUntil(world.clock.now() + 2 * MINUTE_MS);
  expect(await world.store.job(good)).toBeNull();
  expect((await world.job(bad)).status).toBe("failed");
  await world.runUntil(world.clock.now() + 70 * MINUTE_MS);
  expect(await world.store.job(bad)).toBeNull();
});

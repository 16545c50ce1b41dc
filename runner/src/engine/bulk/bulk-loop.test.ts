import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWorld, HOOK, plugins, type World } from "../../../test/support/engine.ts";
import { answered } from "../../../test/support/scripted-sender.ts";
import { until } from "../../../test/support/until.ts";
import type { BulkActName } from "../../domain/bulk-act.ts";
import { Transient } from "../../domain/errors.ts";
import type { StoredBulkAct } from "../../ports/store/bulk-acts.ts";
import type { JobFilter } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Engine } from "../engine.ts";

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

const ALL = { limit: 500, cursor: null };

async function run(
  engine: Engine,
  act: BulkActName,
  jobs: { ids: readonly string[] } | { filter: JobFilter },
  { dryRun = false } = {},
): Promise<StoredBulkAct> {
  const { id } = await engine.bulkActs.start({ act, dryRun, by: "console", jobs });
  return ended(id);
}

async function ended(id: string): Promise<StoredBulkAct> {
  const bulk = await until("the bulk act has ended", async () => {
    const now = await world.store.bulkAct(id);
    return now?.state === "running" ? null : now;
  });
  await world.settle();
  return bulk;
}

const idsWith = async (filter: JobFilter) =>
  (await world.store.jobs(filter, ALL)).items.map(({ id }) => id);

/** `count` jobs that have failed, and one that has completed. */
async function withFailed(count: number, intercept?: (store: Store) => Store) {
  let isBroken = true;
  const started = await world.startEngine({
    ...(intercept === undefined ? {} : { intercept }),
    run: (step) =>
      isBroken && step.task.plugin === "second" ? step.fail("PLUGIN_THREW") : step.complete(),
  });
  for (let n = 0; n < count; n += 1) await started.submit(plugins("second"));
  await started.submit();
  await until(
    "the jobs have failed",
    async () => (await idsWith({ status: ["failed"] })).length === count,
  );
  await world.settle();
  return { ...started, repair: () => void (isBroken = false) };
}

describe("a bulk act", () => {
  test("retries every job that matches, in many slices, and counts them", async () => {
    const { engine, repair, logged } = await withFailed(45);
    repair();
    const bulk = await run(engine, "retry", { filter: {} });
    expect(bulk).toMatchObject({ state: "done", matched: 45, done: 45, skipped: 0, failed: 0 });
    await until(
      "the jobs have completed",
      async () => (await idsWith({ status: ["completed"] })).length === 46,
    );
    expect(logged).toContainEqual({
      message: "bulk.ended",
      fields: expect.objectContaining({ act: "retry", token: "console", done: 45 }),
    });
  });

  test("retries from the first step, when it is told to", async () => {
    const { engine, pool, repair, submit } = await withFailed(0);
    const id = await submit(plugins("first", "second"));
    await until("the job has failed", async () => (await world.job(id)).status === "failed");
    repair();
    const begun = pool.begun.length;
    await run(engine, "retry-from-start", { filter: { plugin: "second" } });
    await until("the job has completed", async () => (await world.job(id)).status === "completed");
    expect(pool.begun.slice(begun).map(({ task }) => task.plugin)).toEqual(["first", "second"]);
  });

  test("as a dry run counts the jobs that match and changes none", async () => {
    const { engine } = await withFailed(3);
    const filter = { plugin: "second" };
    const bulk = await run(engine, "retry", { filter }, { dryRun: true });
    expect(bulk).toMatchObject({ state: "done", matched: 3, done: 0 });
    const ids = await idsWith({});
    expect(await run(engine, "delete", { ids }, { dryRun: true })).toMatchObject({ matched: 4 });
    expect(await idsWith({ status: ["failed"] })).toHaveLength(3);
  });

  test("acts on every job that it has ids of, in many slices", async () => {
    const { engine } = await withFailed(45);
    const ids = await idsWith({});
    expect(await run(engine, "delete", { ids })).toMatchObject({ matched: 46, done: 46 });
    expect(await idsWith({})).toEqual([]);
  });

  test("skips jobs that it cannot act on, and says why", async () => {
    const { engine } = await withFailed(1);
    const ids = [...(await idsWith({})), "job_unknown"];
    const bulk = await run(engine, "cancel", { ids: [...ids, ...ids] });
    expect(bulk).toMatchObject({ matched: 3, done: 0, skipped: 3 });
    expect(bulk.errors.map(({ jobId, code }) => [jobId, code])).toEqual([
      [ids[0], "JOB_ALREADY_ENDED"],
      [ids[1], "JOB_ALREADY_ENDED"],
      ["job_unknown", "JOB_NOT_FOUND"],
    ]);
  });

  test("cancels jobs that are queued and running", async () => {
    const { engine, submit } = await world.startEngine({ threads: 1 });
    for (let n = 0; n < 4; n += 1) await submit();
    await world.settle();
    expect(await run(engine, "cancel", { filter: {} })).toMatchObject({ matched: 4, done: 4 });
    expect(await idsWith({ status: ["failed"] })).toHaveLength(4);
  });

  test("deletes jobs, but none with an event that is not delivered", async () => {
    const { engine, submit } = await world.startEngine({
      run: (step) => step.complete(),
      answer: ({ outgoing }) => answered(outgoing.url.includes("down") ? 503 : 200),
    });
    await submit({ webhook: HOOK });
    const kept = await submit({ webhook: { ...HOOK, url: "http://down.test/" } });
    await world.settle();
    expect(await run(engine, "delete", { filter: {} })).toMatchObject({ done: 1, skipped: 1 });
    expect(await idsWith({})).toEqual([kept]);
  });

  test("sends the deliveries again that were given up", async () => {
    let status = 400;
    const { engine, submit, sender } = await world.startEngine({
      run: (step) => step.complete(),
      answer: () => answered(status),
    });
    const jobId = await submit({ webhook: HOOK });
    await submit();
    await world.settle();
    const dead = sender.sent.length;
    status = 200;
    // Only the job with deliveries that were given up matches.
    expect(await run(engine, "redeliver", { filter: {} })).toMatchObject({ matched: 1, done: 1 });
    await until("the deliveries are sent", () => sender.sent.length === 2 * dead);
    const { items } = await world.store.deliveries({ jobId, state: "delivered" }, ALL);
    expect(items).toHaveLength(dead);
    expect(await run(engine, "redeliver", { filter: {} })).toMatchObject({ matched: 0, done: 0 });
    const ids = [jobId];
    expect(await run(engine, "redeliver", { ids })).toMatchObject({ done: 0, skipped: 1 });
  });

  test("sends all deliveries of a job again, however many there are", async () => {
    let status = 400;
    const { engine, submit, sender } = await world.startEngine({
      run: (step) => step.complete(),
      answer: () => answered(status),
      // Two deliveries stand for the most that one call can send.
      intercept: (store) => ({
        ...store,
        async redeliverJob(id, request) {
          const result = await store.redeliverJob(id, { ...request, limit: 2 });
          return result?.redelivered === 2 ? { ...result, redelivered: request.limit } : result;
        },
      }),
    });
    await submit({ webhook: HOOK });
    await world.settle();
    const dead = sender.sent.length;
    expect(dead).toBeGreaterThan(2);
    status = 200;
    expect(await run(engine, "redeliver", { filter: {} })).toMatchObject({ done: 1 });
    expect((await world.store.counts()).deliveries).toMatchObject({ dead: 0 });
  });

  test("leaves a job alone that is submitted or fails after the request", async () => {
    const { engine } = await withFailed(1);
    const [id = ""] = await idsWith({ status: ["failed"] });
    const { fence, endedAt } = (await world.store.jobState(id))!;
    const dry = { act: "retry", dryRun: true, by: null, jobs: { filter: {} } } as const;
    const bulk = await engine.bulkActs.start(dry);
    expect(bulk.filter).toEqual({ status: ["failed"], createdBefore: bulk.createdAt + 1 });
    // As after a crash: the job has failed again since the act was created.
    const position = { phase: "finishing", cursor: null, pending: [id], matched: 1 } as const;
    const early = { ...bulk, ...position, id: "bulk_early", dryRun: false };
    await world.store.createBulkAct({ ...early, createdAt: endedAt! - 1 }, { maxRunning: 9 });
    await engine.bulkActs.start(dry);
    expect(await ended("bulk_early")).toMatchObject({ done: 0, skipped: 1 });
    expect((await world.store.jobState(id))?.fence).toBe(fence);
  });

  test("goes on after a restart, and counts every job once when a slice is repeated", async () => {
    let saves = 0;
    const intercept = (store: Store): Store => ({
      ...store,
      saveBulkAct: async (id, progress) => {
        saves += 1;
        // The slice was acted on, but its counts cannot be stored.
        if (saves > 3) throw new Transient("STORE_DISK_FULL", "full");
        return store.saveBulkAct(id, progress);
      },
    });
    const { engine, repair } = await withFailed(50, intercept);
    repair();
    const { id } = await engine.bulkActs.start({
      act: "retry",
      dryRun: false,
      by: null,
      jobs: { filter: {} },
    });
    await until("a slice cannot be stored", () => saves > 3);
    await engine.stop({ graceMs: 0 });
    expect(await world.store.bulkAct(id)).toMatchObject({ state: "running", done: 20 });
    await world.startEngine({ run: (step) => step.complete() });
    const bulk = await ended(id);
    expect(bulk).toMatchObject({ state: "done", matched: 50, failed: 0 });
    expect(bulk.done + bulk.skipped).toBe(50);
    await until(
      "the jobs have completed",
      async () => (await idsWith({ status: ["completed"] })).length === 51,
    );
  });

  test("stops when it is aborted, and others are refused while five run", async () => {
    let isHeld = true;
    const intercept = (store: Store): Store => ({
      ...store,
      runningBulkActs: async () => (isHeld ? [] : store.runningBulkActs()),
    });
    const { engine } = await withFailed(2, intercept);
    const request = { act: "retry", dryRun: false, by: "a", jobs: { filter: {} } } as const;
    const first = await engine.bulkActs.start(request);
    for (let n = 1; n < 5; n += 1) await engine.bulkActs.start(request);
    await expect(engine.bulkActs.start(request)).rejects.toMatchObject({ code: "BULK_ACT_LIMIT" });
    expect(await engine.bulkActs.abort(first.id, "b")).toMatchObject({ state: "aborted", done: 0 });
    await expect(engine.bulkActs.abort(first.id, "b")).rejects.toMatchObject({
      code: "BULK_ACT_ENDED",
    });
    await expect(engine.bulkActs.abort("none", "b")).rejects.toMatchObject({
      code: "BULK_ACT_NOT_FOUND",
    });
    isHeld = false;
    const last = await engine.bulkActs.start({ ...request, dryRun: true });
    expect(await ended(last.id)).toMatchObject({ state: "done" });
    expect((await world.store.bulkAct(first.id))?.done).toBe(0);
  });

  test("that fails on one job because of the daemon goes on with the others", async () => {
    const { engine } = await withFailed(0, (store) => ({
      ...store,
      deleteJob: async (id) => {
        if (id === "job_bad") throw new Error("a bug");
        return store.deleteJob(id);
      },
    }));
    const ids = ["job_bad", ...(await idsWith({}))];
    const bulk = await run(engine, "delete", { ids });
    expect(bulk).toMatchObject({ state: "done", done: 1, failed: 1 });
    expect(bulk.errors).toMatchObject([{ jobId: "job_bad", code: "INTERNAL" }]);
  });

  test("that cannot go on ends as failed, and stops no other", async () => {
    const { engine } = await withFailed(1, (store) => ({
      ...store,
      jobIds: async (filter, page) => {
        if (filter.name === "bad") throw new Error("a bug");
        return store.jobIds(filter, page);
      },
    }));
    const bad = await engine.bulkActs.start({
      act: "retry",
      dryRun: true,
      by: null,
      jobs: { filter: { name: "bad" } },
    });
    const good = await run(engine, "retry", { filter: {} }, { dryRun: true });
    expect(good).toMatchObject({ state: "done", matched: 1 });
    expect(await ended(bad.id)).toMatchObject({ state: "failed" });
  });
});

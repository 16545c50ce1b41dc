/** Slots of limits: who gets them, and that there are never more than a limit allows. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CANCELLED, fail, type RunningJob } from "../../src/domain/job.ts";
import type { DeclaredLimit } from "../../src/domain/plugin-limits.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import type { Store } from "../../src/ports/store/store.ts";
import {
  beatAt,
  claim,
  claimOf,
  completeOne,
  failing,
  failIt,
  newBatch,
  newJob,
  retrying,
  start,
  submit,
  unclaimed,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject, type Subject } from "./subject.ts";

const CONTEXT = { jobUrl: "http://127.0.0.1/v1/jobs/x" };

export const ONE: DeclaredLimit = { name: "site", concurrency: 1, keyConcurrency: null };
export const ONE_PER_KEY: DeclaredLimit = { name: "site", concurrency: null, keyConcurrency: 1 };
const TWO_IN_TURN: DeclaredLimit = { name: "site", concurrency: 2, keyConcurrency: 1 };

/** A job of one step, which has the limit. */
export function limited(limit: DeclaredLimit, key = "", fields: Partial<NewJob> = {}): NewJob {
  return newJob({
    plugins: newJob().plugins.slice(0, 1),
    limits: [{ name: limit.name, key }],
    declaredLimits: [limit],
    ...fields,
  });
}

function ids(jobs: readonly { readonly id: string }[]): string[] {
  return jobs.map(({ id }) => id);
}

export function limitConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  async function add(limit: DeclaredLimit, key = "", fields: Partial<NewJob> = {}) {
    return submit(t.store, limited(limit, key, fields));
  }

  /** Completes a job of one step. */
  async function complete(job: RunningJob): Promise<void> {
    await completeOne(t.store, await start(t.store, job));
  }

  describe("a job whose step has a limit", () => {
    test("is claimed only while a slot is free, in its turn", async () => {
      const low = await add(ONE);
      const next = await add(ONE, "", { priority: 2 });
      const free = await submit(t.store);
      const first = await claim(t.store);
      expect(ids(first)).toEqual([next.id, free.id]);
      expect(await claim(t.store)).toEqual([]);
      await complete(first[0]!);
      expect(ids(await claim(t.store))).toEqual([low.id]);
    });

    test("waits for no slot while one is free, even before the claim that gives it", async () => {
      const { id } = await add(ONE);
      expect((await t.store.job(id))?.waitingFor).toBeNull();
    });

    test("says what it waits for", async () => {
      const [held, waiting] = [await add(ONE), await add(ONE, "", { createdAt: 5, runAt: 5 })];
      await claim(t.store);
      expect((await t.store.job(held.id))?.waitingFor).toBeNull();
      const expected = {
        kind: "limit",
        on: "site",
        key: "",
        since: 5,
        used: 1,
        slots: 1,
        isOfKey: false,
      };
      expect((await t.store.job(waiting.id))?.waitingFor).toEqual(expected);
      const { items } = await t.store.jobs({ idPrefix: waiting.id }, { limit: 5, cursor: null });
      expect(items[0]?.waitingFor).toEqual(expected);
    });

    test("is not handed over", async () => {
      const handOver = { owner: "owner_1", leaseUntil: 1_000 };
      const outcome = await t.store.submitJob(limited(ONE), { ...UNLIMITED, handOver });
      expect(outcome).toEqual({ kind: "accepted" });
    });

    test("of a batch keeps to the limit too", async () => {
      const jobs = ["a", "a", "b"].map((key) => limited(ONE_PER_KEY, key));
      await t.store.submitBatch(newBatch(jobs), UNLIMITED);
      expect(ids(await claim(t.store))).toEqual([jobs[0]!.id, jobs[2]!.id]);
    });

    test("has no slot until it is due", async () => {
      const later = await add(ONE, "", { runAt: 100 });
      const now = await add(ONE);
      const [first] = await claim(t.store);
      expect(first?.id).toBe(now.id);
      expect((await t.store.job(later.id))?.waitingFor).toBeNull();
      expect(await claim(t.store, { now: 100 })).toEqual([]);
      expect((await t.store.job(later.id))?.waitingFor).toMatchObject({
        kind: "limit",
        since: 100,
      });
      await complete(first!);
      expect(ids(await claim(t.store, { now: 100 }))).toEqual([later.id]);
    });
  });

  describe("a slot is free again when its job", () => {
    async function expectFree(release: (job: RunningJob) => Promise<unknown>): Promise<void> {
      const held = await add(ONE);
      const next = await add(ONE, "", { priority: 1, createdAt: 1 });
      const [job] = await claim(t.store, { limit: 1 });
      const running = await start(t.store, job!);
      expect(await claim(t.store)).toEqual([]);
      await release(running);
      const other = running.id === held.id ? next : held;
      expect(ids(await claim(t.store, { now: 50, owner: "owner_2" }))).toContain(other.id);
    }

    test("fails", () => expectFree((job) => failIt(t.store, job)));

    test("is cancelled while it runs", () =>
      expectFree((job) =>
        t.store.commitTransition(
          claimOf(job),
          fail(job, { completedCount: 0, failure: CANCELLED, at: 20, attempts: 1 }, CONTEXT),
        ),
      ));

    test("waits for the next attempt", () =>
      expectFree((job) =>
        t.store.commitTransition(claimOf(job), retrying(job, { at: 20, retryMs: 1_000 })),
      ));

    test("is cancelled before it is claimed", async () => {
      const [held, next] = [await add(ONE), await add(ONE)];
      const other = await submit(t.store, { priority: 1 });
      // The claim gives a slot, and has no room for the job.
      expect(ids(await claim(t.store, { limit: 1 }))).toEqual([other.id]);
      const { spec, fence } = (await t.store.job(held.id))!;
      const end = fail(
        { ...spec, sequence: 0 },
        { completedCount: 0, failure: CANCELLED, at: 20, attempts: 0 },
        CONTEXT,
      );
      expect(await t.store.commitTransition(unclaimed(held.id, fence), end)).toBe(true);
      expect(ids(await claim(t.store))).toEqual([next.id]);
    });

    test("waits for its plugin", async () => {
      const fields = { plugins: newJob().plugins.slice(1) };
      const [missing, other] = [await add(ONE, "", fields), await add(ONE)];
      await claim(t.store, { plugins: ["first"] });
      expect(ids(await claim(t.store, { plugins: ["first"] }))).toEqual([other.id]);
      expect((await t.store.job(missing.id))?.waitingFor).toMatchObject({ kind: "plugin" });
      // It waits for a slot when its plugin is there.
      expect(await claim(t.store)).toEqual([]);
      expect((await t.store.job(missing.id))?.waitingFor).toMatchObject({ kind: "limit" });
    });
  });

  test("a job that goes back into the queue has its old place, and no slot", async () => {
    const [first, second] = [await add(ONE), await add(ONE)];
    const [job] = await claim(t.store);
    await t.store.releaseJobs([claimOf(job!)], { countsAttempt: false });
    const [again] = await claim(t.store);
    expect(again?.id).toBe(first.id);
    expect(await t.store.job(second.id)).toMatchObject({ waitingFor: { kind: "limit", used: 1 } });
  });

  test("the slots of a daemon that has stopped are free", async () => {
    const [first] = [await add(ONE), await add(ONE)];
    await t.store.beat(beatAt(0, { owner: "stopped", until: 5 }));
    expect(ids(await claim(t.store, { owner: "stopped" }))).toEqual([first.id]);
    expect(await claim(t.store)).toEqual([]);
    await t.store.reap({ owner: "owner_1", now: 5_000 });
    expect(ids(await claim(t.store))).toEqual([first.id]);
  });

  test("a failed job that is retried keeps its key, and waits for a slot", async () => {
    const job = await add(ONE_PER_KEY, "a");
    const [running] = await claim(t.store);
    await failIt(t.store, await start(t.store, running!));
    const other = await add(ONE_PER_KEY, "a");
    const [holder] = await claim(t.store);
    expect(holder?.id).toBe(other.id);
    const { fence } = (await t.store.job(job.id))!;
    expect(await t.store.requeueJob(unclaimed(job.id, fence), { now: 40 })).toBe(true);
    expect(await claim(t.store)).toEqual([]);
    expect((await t.store.job(job.id))?.waitingFor).toMatchObject({ key: "a", since: 40 });
    await complete(holder!);
    expect(ids(await claim(t.store))).toEqual([job.id]);
  });

  test("a job has the slot of its next step only, once it is back in the queue", async () => {
    const limits = [{ name: "site", key: "" }, null, { name: "other", key: "k" }];
    const plugins = ["first", "second", "first"].map((name) => ({
      ...newJob().plugins[0]!,
      name,
    }));
    const other = { name: "other", concurrency: null, keyConcurrency: 1 };
    const job = await submit(t.store, { plugins, limits, declaredLimits: [ONE, other] });
    const behind = await add(ONE);
    await add(other, "k");
    const [first, holder] = await claim(t.store);
    expect(first).toMatchObject({ id: job.id, limits });
    const second = await completeOne(t.store, await start(t.store, first!));
    await t.store.releaseJobs([claimOf(second)], { countsAttempt: false });
    const [resumed, freed] = await claim(t.store);
    expect([resumed?.id, freed?.id]).toEqual([job.id, behind.id]);
    const third = await completeOne(t.store, resumed!);
    await t.store.releaseJobs([claimOf(third)], { countsAttempt: false });
    expect(await claim(t.store)).toEqual([]);
    expect((await t.store.job(job.id))?.waitingFor).toMatchObject({ on: "other", key: "k" });
    await complete(holder!);
    expect(ids(await claim(t.store))).toEqual([job.id]);
  });

  describe("of a limit with keys", () => {
    test("each key has its own slots", async () => {
      const jobs: NewJob[] = [];
      for (const key of ["a", "a", "b", "", ""]) jobs.push(await add(ONE_PER_KEY, key));
      expect(ids(await claim(t.store))).toEqual([jobs[0]!.id, jobs[2]!.id, jobs[3]!.id]);
    });

    test("the keys take turns, whatever their jobs' places", async () => {
      const limit = { name: "site", concurrency: 1, keyConcurrency: 1 };
      const jobs: NewJob[] = [];
      for (const key of ["a", "a", "a", "b", "c"]) jobs.push(await add(limit, key, { name: key }));
      const order: (string | null)[] = [];
      for (const _ of jobs) {
        const [job, ...others] = await claim(t.store);
        expect(others).toEqual([]);
        order.push(job!.name);
        await complete(job!);
      }
      expect(order).toEqual(["a", "b", "c", "a", "a"]);
    });

    test("a key that is full does not keep a slot from the others", async () => {
      for (const key of ["a", "a", "b"]) await add(TWO_IN_TURN, key, { name: key });
      const running = await claim(t.store);
      expect(running.map(({ name }) => name)).toEqual(["a", "b"]);
      await complete(running[1]!);
      expect(await claim(t.store)).toEqual([]);
      const [{ waitingFor } = { waitingFor: null }] = (
        await t.store.jobs({ status: ["queued"] }, { limit: 5, cursor: null })
      ).items;
      expect(waitingFor).toMatchObject({ isOfKey: true, used: 1, slots: 1 });
    });
  });

  test("a limit that is declared again applies to the jobs that wait", async () => {
    for (let count = 0; count < 5; count += 1) await add(ONE);
    const [first] = await claim(t.store);
    await t.store.declareLimits([{ ...ONE, concurrency: 3 }]);
    expect(await claim(t.store)).toHaveLength(2);
    await t.store.declareLimits([{ ...ONE, concurrency: 1 }]);
    await complete(first!);
    expect(await claim(t.store)).toEqual([]);
  });

  test("slots are given when many became free, over some claims", async () => {
    const limit = { name: "site", concurrency: 1_000, keyConcurrency: null };
    const jobs = Array.from({ length: 250 }, () => limited(limit));
    await t.store.submitBatch(newBatch(jobs), UNLIMITED);
    let claimed = 0;
    for (let count = 0; count < 20 && claimed < 250; count += 1) {
      claimed += (await claim(t.store, { limit: 300 })).length;
    }
    expect(claimed).toBe(250);
  });

  test("a limit is never exceeded, whatever happens to its jobs, and all of them run", async () => {
    const acts = fc.array(fc.tuple(fc.nat(6), fc.nat(20)), { minLength: 30, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        acts,
        fc.constantFrom(ONE_PER_KEY, TWO_IN_TURN, ONE),
        async (plan, limit) => {
          await useSlots([t.store], { ...limit, name: `site-${(run += 1)}` }, plan);
        },
      ),
      { numRuns: 15 },
    );
  });
}

/** What holds for daemons that share a database. */
export function sharedLimitConformance(createSubject: CreateSubject): void {
  let subject: Subject;
  let stores: readonly [Store, Store];
  beforeEach(async () => {
    subject = await createSubject();
    stores = [await subject.open(), await subject.open()];
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    await subject.remove();
  });

  test("two daemons that claim at the same time never exceed a limit", async () => {
    for (const limit of [ONE_PER_KEY, { ...TWO_IN_TURN, name: "turns" }]) {
      const jobs = Array.from({ length: 24 }, (_, at) => limited(limit, `key-${at % 4}`));
      await stores[0].submitBatch(newBatch(jobs), UNLIMITED);
      const keyOf = new Map(jobs.map(({ id, limits }) => [id, limits?.[0]?.key ?? ""]));
      let ended = 0;
      const running: RunningJob[] = [];
      while (ended < jobs.length) {
        const claims = [...stores, ...stores].map((store, at) =>
          claim(store, { owner: `owner_${at % 2}`, limit: 3 }),
        );
        running.push(...(await Promise.all(claims)).flat());
        const keys = running.map(({ id }) => keyOf.get(id));
        expect(new Set(keys).size).toBe(keys.length);
        expect(running.length).toBeLessThanOrEqual(limit.concurrency ?? 4);
        // Ends half of them in both stores, while both claim.
        const ending = running.splice(0, Math.ceil(running.length / 2));
        ended += ending.length;
        await Promise.all(
          ending.map(async (job, at) => {
            const store = stores[at % 2]!;
            await completeOne(store, await start(store, job));
          }),
        );
      }
      expect(running).toEqual([]);
    }
  });

  test("a limit is never exceeded by two daemons, and all jobs run", async () => {
    const acts = fc.array(fc.tuple(fc.nat(6), fc.nat(20)), { minLength: 30, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        acts,
        fc.constantFrom(ONE_PER_KEY, TWO_IN_TURN, ONE),
        async (plan, limit) => {
          await useSlots(stores, { ...limit, name: `site-${(run += 1)}` }, plan);
        },
      ),
      { numRuns: 15 },
    );
  });
}

let run = 0;

/**
 * Does random things to jobs of a limit, and lets them all end. Throws if more jobs ran at the same time
 * than the limit allows, or some never ran. Each store makes some of the calls.
 */
export async function useSlots(
  stores: readonly Store[],
  limit: DeclaredLimit,
  plan: readonly (readonly [act: number, at: number])[],
): Promise<void> {
  const running = new Map<string, { job: RunningJob; key: string }>();
  const keys = new Map<string, string>();
  let open = 0;
  let now = 10;

  const take = async (store: Store, owner: string): Promise<number> => {
    const jobs = await claim(store, { owner, now, limit: 3, ahead: 1 });
    for (const job of jobs) running.set(job.id, { job, key: keys.get(job.id) ?? "" });
    const counts = Map.groupBy(running.values(), ({ key }) => key);
    const most = Math.max(0, ...[...counts.values()].map(({ length }) => length));
    expect(running.size).toBeLessThanOrEqual(limit.concurrency ?? running.size);
    expect(most).toBeLessThanOrEqual(limit.keyConcurrency ?? most);
    return jobs.length;
  };
  const leave = (id: string, ends: boolean): void => {
    running.delete(id);
    if (ends) open -= 1;
  };

  for (const [act, at] of plan) {
    const index = at % stores.length;
    const store = stores[index]!;
    const owner = `owner_${index}`;
    now += 1;
    const [id, held] = [...running][at % Math.max(1, running.size)] ?? [];
    if (act <= 1) {
      const key = `key-${at % 3}`;
      const job = limited(limit, key, { runAt: at > 15 ? now + 5 : now, createdAt: now });
      keys.set(job.id, key);
      open += 1;
      await store.submitJob(job, UNLIMITED);
    } else if (act === 2 || held === undefined || id === undefined) {
      await take(store, owner);
    } else if (act === 3) {
      await completeOne(store, await startOnce(store, held.job));
      leave(id, true);
    } else if (act === 4) {
      await store.releaseJobs([claimOf(held.job)], { countsAttempt: false });
      leave(id, false);
    } else if (act === 5) {
      await store.commitTransition(claimOf(held.job), retrying(held.job, { at: now, retryMs: 3 }));
      leave(id, false);
    } else {
      await store.commitTransition(claimOf(held.job), failing(await startOnce(store, held.job)));
      leave(id, true);
    }
  }
  for (let idle = 0; open > 0 && idle < 5;) {
    now += 10;
    const taken = await take(stores[now % stores.length]!, `owner_${now % stores.length}`);
    idle = taken === 0 && running.size === 0 ? idle + 1 : 0;
    for (const [id, { job }] of running) {
      await completeOne(stores[0]!, await startOnce(stores[0]!, job));
      leave(id, true);
    }
  }
  expect(open).toBe(0);
}

async function startOnce(store: Store, job: RunningJob): Promise<RunningJob> {
  return job.sequence === 0 ? start(store, job) : job;
}

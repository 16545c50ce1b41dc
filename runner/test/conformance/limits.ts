/** Slots of limits: who gets them, and when they are free again. */
import { describe, expect, test } from "vitest";
import { CANCELLED, fail, type RunningJob } from "../../src/domain/job.ts";
import type { DeclaredLimit } from "../../src/domain/plugin-limits.ts";
import type { NewJob } from "../../src/ports/store/jobs.ts";
import {
  beatAt,
  claim,
  claimOf,
  completeOne,
  failIt,
  newBatch,
  newJob,
  retrying,
  shiftAll,
  start,
  submit,
  unclaimed,
  UNLIMITED,
} from "./given.ts";
import { limited, ONE, ONE_PER_KEY, TWO_IN_TURN } from "./given-limits.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const CONTEXT = { jobUrl: "http://127.0.0.1/v1/jobs/x" };

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
      expect((await t.store.job(waiting.id))?.waitingFor).toEqual({ ...expected, ahead: 0 });
      const { items } = await t.store.jobs({ idPrefix: waiting.id }, { limit: 5, cursor: null });
      expect(items[0]?.waitingFor).toEqual(expected);
    });

    test("says how many jobs are before it, with its key", async () => {
      await add(ONE_PER_KEY, "a");
      await claim(t.store);
      await add(ONE_PER_KEY, "a");
      await add(ONE_PER_KEY, "b");
      const behind = await add(ONE_PER_KEY, "a");
      const first = await add(ONE_PER_KEY, "a", { priority: 5 });
      await claim(t.store, { limit: 0, ahead: 1 });
      expect((await t.store.job(behind.id))?.waitingFor).toMatchObject({ isOfKey: true, ahead: 2 });
      expect((await t.store.job(first.id))?.waitingFor).toMatchObject({ ahead: 0 });
    });

    test("says when the rate lets it begin, and until when the limit or its key is paused", async () => {
      const limit = { ...ONE_PER_KEY, keyConcurrency: 9, keyRate: { rate: "1/s", burst: 1 } };
      const [, waiting] = [await add(limit, "a"), await add(limit, "a")];
      await claim(t.store, { now: 1_000 });
      const waitingFor = async () => (await t.store.job(waiting.id))?.waitingFor;
      const next = { at: 2_000, rate: "1/s" };
      expect(await waitingFor()).toMatchObject({ kind: "limit", on: "site", isOfKey: true, next });
      const { items } = await t.store.jobs({ idPrefix: waiting.id }, { limit: 5, cursor: null });
      expect(items[0]?.waitingFor).toMatchObject({ next });
      const pause = { name: "site", isSpan: false, keepsLonger: false, by: null, now: 1_000 };
      await t.store.pauseLimit({ ...pause, key: "a", until: 5_000 });
      expect(await waitingFor()).toMatchObject({ isOfKey: true, pausedUntil: 5_000 });
      await t.store.pauseLimit({ ...pause, key: null, until: null });
      expect(await waitingFor()).toMatchObject({ isOfKey: false, pausedUntil: null });
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

  describe("of a limit with a rate", () => {
    const RATED: DeclaredLimit = {
      name: "site",
      concurrency: null,
      keyConcurrency: null,
      rate: { rate: "10/s", burst: 2 },
    };
    const KEYS_RATED: DeclaredLimit = {
      name: "site",
      concurrency: null,
      keyConcurrency: null,
      keyRate: { rate: "10/s", burst: 1 },
    };
    const BOTH: DeclaredLimit = { ...KEYS_RATED, concurrency: 2, rate: { rate: "20/s", burst: 2 } };

    /** The names of the jobs that are claimed at an instant. */
    async function claimAt(now: number, store = t.store): Promise<(string | null)[]> {
      return (await claim(store, { now })).map(({ name }) => name);
    }

    test("the burst is claimed at once, and the others at the instants of the rate", async () => {
      for (const name of ["1", "2", "3", "4"]) await add(RATED, "", { name });
      expect(await claimAt(1_000)).toEqual(["1", "2"]);
      expect(await t.store.nextJobDue()).toBe(1_100);
      expect(await claimAt(1_099)).toEqual([]);
      expect(await claimAt(1_100)).toEqual(["3"]);
      expect(await claimAt(1_200)).toEqual(["4"]);
      expect(await t.store.nextJobDue()).toBeNull();
    });

    test("a claim of few jobs uses no more of the rate up", async () => {
      for (const name of ["1", "2"]) await add(RATED, "", { name });
      expect(await claim(t.store, { now: 1_000, limit: 1 })).toHaveLength(1);
      expect(await t.store.job((await add(RATED, "", { name: "3" })).id)).not.toBeNull();
      expect(await claimAt(1_300)).toEqual(["2", "3"]);
    });

    test("a slot that is given back does not give back the rate", async () => {
      for (const name of ["1", "2", "3"]) await add(RATED, "", { name });
      const [first] = await claim(t.store, { now: 1_000 });
      await t.store.releaseJobs([claimOf(first!)], { countsAttempt: false });
      expect(await claimAt(1_000)).toEqual([]);
      expect(await claimAt(1_100)).toEqual(["1"]);
    });

    test("the rate is kept over a restart", async () => {
      for (const name of ["1", "2", "3"]) await add(RATED, "", { name });
      await claimAt(1_000);
      await t.reopen();
      await t.store.declareLimits([RATED]);
      expect(await claimAt(1_050)).toEqual([]);
      expect(await claimAt(1_100)).toEqual(["3"]);
    });

    test("each key has its own rate", async () => {
      for (const key of ["a", "a", "b"]) await add(KEYS_RATED, key, { name: key });
      expect(await claimAt(1_000)).toEqual(["a", "b"]);
      expect(await claimAt(1_100)).toEqual(["a"]);
    });

    test("keys take turns at the rate of all, and a key that waits keeps none from the others", async () => {
      for (const key of ["a", "a", "a", "b", "c"]) await add(BOTH, key, { name: key });
      const order: (string | null)[] = [];
      const running: RunningJob[] = [];
      for (let now = 1_000; order.length < 5 && now < 3_000; now += 10) {
        const claimed = await claim(t.store, { now });
        order.push(...claimed.map(({ name }) => name));
        running.push(...claimed);
        expect(running.length).toBeLessThanOrEqual(2);
        if (claimed.length === 0 && running.length > 0) await complete(running.shift()!);
      }
      expect(order).toEqual(["a", "b", "c", "a", "a"]);
    });

    test("a clock that was set back delays the next job by no more than one step", async () => {
      for (const name of ["1", "2", "3", "4"]) await add(RATED, "", { name });
      await claimAt(1_000_000);
      await shiftAll(t.store, { now: 1_000, byMs: -999_000 });
      expect(await claimAt(1_000)).toEqual([]);
      expect(await t.store.nextJobDue()).toBe(1_100);
      expect(await claimAt(1_100)).toEqual(["3"]);
    });

    test.each([
      [1_099, []],
      [1_100, ["again"]],
    ])("a reap at %i forgets a key only if its rate is free again", async (now, expected) => {
      await add(KEYS_RATED, "a", { name: "first" });
      expect(await claimAt(1_000)).toEqual(["first"]);
      await t.store.reap({ owner: "owner_1", now });
      await add(KEYS_RATED, "a", { name: "again" });
      // Before the key's next instant, so that only a key that was forgotten gets a slot.
      expect(await claimAt(1_050)).toEqual(expected);
    });

    test("a reap keeps a key that is waited for or paused", async () => {
      await t.store.declareLimits([KEYS_RATED]);
      const pause = { name: "site", isSpan: false, keepsLonger: false, by: null, now: 1_000 };
      await t.store.pauseLimit({ ...pause, key: "paused", until: null });
      for (const key of ["a", "a"]) await add(KEYS_RATED, key, { name: key });
      expect(await claimAt(1_000)).toEqual(["a"]);
      await t.store.reap({ owner: "owner_1", now: 1_100 });
      await add(KEYS_RATED, "paused", { name: "paused" });
      expect(await claimAt(1_050)).toEqual([]);
      expect(await claimAt(1_100)).toEqual(["a"]);
    });

    test("a reap keeps a key that is in turn", async () => {
      const limit = { name: "site", concurrency: 1, keyConcurrency: 1 };
      for (const key of ["a", "b"]) await add(limit, key, { name: key });
      const [first, ...others] = await claim(t.store, { now: 1_000 });
      expect(others).toEqual([]);
      await t.store.reap({ owner: "owner_1", now: 1_000 });
      await complete(first!);
      expect(await claimAt(1_000)).toEqual(["b"]);
    });

    test("a faster rate applies to the jobs that wait", async () => {
      const slow = { ...RATED, rate: { rate: "1/h", burst: 1 } };
      for (const name of ["1", "2", "3"]) await add(slow, "", { name });
      expect(await claimAt(1_000)).toEqual(["1"]);
      await t.store.declareLimits([RATED]);
      // No later than after one step of the new rate.
      expect(await claimAt(1_200)).toEqual([]);
      expect(await claimAt(1_300)).toEqual(["2"]);
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
}

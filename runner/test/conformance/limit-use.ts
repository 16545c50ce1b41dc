/** That there are never more slots than a limit allows, whatever is done to its jobs, and that all of them run. */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunningJob } from "../../src/domain/job.ts";
import { parseRate, type Rate } from "../../src/domain/limit-rate.ts";
import type { DeclaredLimit } from "../../src/domain/plugin-limits.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { limited, ONE, ONE_PER_KEY, TWO_IN_TURN } from "./given-limits.ts";
import {
  claim,
  claimOf,
  completeOne,
  failing,
  newBatch,
  retrying,
  start,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject, type Subject } from "./subject.ts";

/** Limits of every kind, whose rates let all jobs run within the test's time. */
const KINDS: readonly DeclaredLimit[] = [
  ONE_PER_KEY,
  TWO_IN_TURN,
  ONE,
  { ...TWO_IN_TURN, keyRate: { rate: "200/s", burst: 1 } },
  { ...ONE, concurrency: null, rate: { rate: "100/s", burst: 2 } },
  { ...ONE_PER_KEY, concurrency: null, rate: { rate: "500/s", burst: 1 } },
];

export function limitUseConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  test("a limit is never exceeded, whatever happens to its jobs, and all of them run", async () => {
    const acts = fc.array(fc.tuple(fc.nat(6), fc.nat(20)), { minLength: 30, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(acts, fc.constantFrom(...KINDS), async (plan, limit) => {
        await useSlots([t.store], { ...limit, name: `site-${(run += 1)}` }, plan);
      }),
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
      fc.asyncProperty(acts, fc.constantFrom(...KINDS), async (plan, limit) => {
        await useSlots(stores, { ...limit, name: `site-${(run += 1)}` }, plan);
      }),
      { numRuns: 15 },
    );
  });
}

let run = 0;
const START = 10;

/**
 * Does random things to jobs of a limit, and lets them all end. Throws if more jobs ran at the same time
 * than the limit allows, or some never ran. Each store makes some of the calls.
 */
async function useSlots(
  stores: readonly Store[],
  limit: DeclaredLimit,
  plan: readonly (readonly [act: number, at: number])[],
): Promise<void> {
  const running = new Map<string, { job: RunningJob; key: string }>();
  const keys = new Map<string, string>();
  const begun: Begun[] = [];
  let open = 0;
  let now = START;

  const take = async (store: Store, owner: string): Promise<number> => {
    const jobs = await claim(store, { owner, now, limit: 3, ahead: 1 });
    for (const job of jobs) {
      const key = keys.get(job.id) ?? "";
      running.set(job.id, { job, key });
      begun.push({ at: now, key });
    }
    expectRates(limit, begun);
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

interface Begun {
  readonly at: number;
  readonly key: string;
}

/** A slot can be given before its job is claimed, so only the number since the beginning is known. */
function expectRates({ rate, keyRate }: DeclaredLimit, begun: readonly Begun[]): void {
  const check = (of: readonly Begun[], one: Rate | null | undefined): void => {
    if (!one || of.length === 0) return;
    const spanMs = (of.at(-1)?.at ?? 0) - START;
    expect(of.length).toBeLessThanOrEqual(one.burst + spanMs / parseRate(one.rate)!);
  };
  check(begun, rate);
  for (const ofKey of Map.groupBy(begun, ({ key }) => key).values()) check(ofKey, keyRate);
}

async function startOnce(store: Store, job: RunningJob): Promise<RunningJob> {
  return job.sequence === 0 ? start(store, job) : job;
}

/** Pauses of limits, and numbers that operators set in place of those that plugins declare. */
import { describe, expect, test } from "vitest";
import type { DeclaredLimit } from "../../src/domain/plugin-limits.ts";
import { claim, claimWithMore, completeOne, shiftAll, start, submit } from "./given.ts";
import { limited, ONE, ONE_PER_KEY } from "./given-limits.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const TURNS: DeclaredLimit = { name: "site", concurrency: 5, keyConcurrency: 5 };

export function limitChangeConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);
  const BY = { by: "operator", now: 50 };

  async function add(limit: DeclaredLimit, ...names: string[]): Promise<void> {
    for (const name of names) await submit(t.store, limited(limit, name, { name }));
  }

  /** The names of the jobs that are claimed. */
  async function claimed(now = 100): Promise<(string | null)[]> {
    return (await claim(t.store, { now })).map(({ name }) => name);
  }

  /** Of a claim, and of the next one only if it says that there is more, as the loop claims. */
  async function claimedWithMore(now: number): Promise<(string | null)[]> {
    const first = await claimWithMore(t.store, { now });
    const next = first.more ? await claim(t.store, { now }) : [];
    return [...first.jobs, ...next].map(({ name }) => name);
  }

  function pause(more: { key?: string; until?: number; isSpan?: boolean; keepsLonger?: boolean }) {
    const { key = null, until = null, isSpan = false, keepsLonger = false } = more;
    return t.store.pauseLimit({ name: "site", key, until, isSpan, keepsLonger, ...BY });
  }

  describe.each([
    ["counts in all", ONE],
    ["counts keys", ONE_PER_KEY],
    ["counts both", TURNS],
  ])("a limit that %s", (_, limit) => {
    test("gives no slot while it is paused, also after a restart, until it is resumed", async () => {
      await add(limit, "a");
      expect(await pause({})).toBe(true);
      expect(await claimed()).toEqual([]);
      await t.reopen();
      await t.store.declareLimits([limit]);
      expect(await claimed(1e12)).toEqual([]);
      expect(await t.store.nextJobDue()).toBeNull();
      expect(await t.store.resumeLimit("site", null)).toBe(true);
      expect(await claimed()).toEqual(["a"]);
    });

    test("gives slots again at the end of its pause, which is an instant to look at", async () => {
      await add(limit, "a");
      await pause({ until: 500 });
      expect(await claimed(499)).toEqual([]);
      expect(await t.store.nextJobDue()).toBe(500);
      expect(await claimedWithMore(500)).toEqual(["a"]);
      expect((await t.store.limit("site"))?.pause).toBeNull();
      expect(await t.store.nextJobDue()).toBeNull();
    });
  });

  test.each([ONE_PER_KEY, TURNS])("a key that is paused keeps no other waiting", async (limit) => {
    await add(limit, "a", "b");
    await pause({ key: "a", until: 500 });
    expect(await claimed(400)).toEqual(["b"]);
    expect(await t.store.nextJobDue()).toBe(500);
    await t.store.resumeLimit("site", "a");
    expect(await claimed(400)).toEqual(["a"]);
  });

  test("a pause that may not shorten another leaves it as it is", async () => {
    await add(ONE, "");
    await pause({ until: 500 });
    await pause({ until: 300, keepsLonger: true });
    expect((await t.store.limit("site"))?.pause?.until).toBe(500);
    await pause({ until: 700, keepsLonger: true });
    expect((await t.store.limit("site"))?.pause?.until).toBe(700);
    await pause({});
    await pause({ until: 900, keepsLonger: true });
    expect((await t.store.limit("site"))?.pause?.until).toBeNull();
  });

  test("a pause for a time ends earlier when the clock is set back, one until an instant does not", async () => {
    await add(TURNS, "a", "b");
    await pause({ key: "a", until: 10_500, isSpan: true });
    await pause({ key: "b", until: 10_500 });
    expect(await claimed(10_000)).toEqual([]);
    await shiftAll(t.store, { now: 1_000, byMs: -9_000 });
    expect(await claimed(1_499)).toEqual([]);
    expect(await claimed(1_500)).toEqual(["a"]);
    expect(await t.store.nextJobDue()).toBe(10_500);
  });

  test("an override counts in place of what is declared, which stays known, until it is removed", async () => {
    await t.store.declareLimits([ONE]);
    await add(ONE, "", "", "");
    expect(await claimed()).toHaveLength(1);
    expect(await t.store.overrideLimit("site", { concurrency: 2 }, BY)).toBe(true);
    expect(await claimed()).toHaveLength(1);
    // Plugins that are read again do not change it.
    await t.store.declareLimits([{ ...ONE, rate: { rate: "100/s", burst: 3 } }]);
    expect(await claimed()).toEqual([]);
    expect(await t.store.limit("site")).toMatchObject({
      numbers: { concurrency: 2, rate: { rate: "100/s", burst: 3 } },
      declared: { concurrency: 1 },
      override: { concurrency: 2 },
      overriddenBy: "operator",
      overriddenAt: 50,
      running: 2,
      queued: 1,
    });
    await t.store.overrideLimit("site", null, BY);
    expect(await t.store.limit("site")).toMatchObject({
      numbers: { concurrency: 1 },
      override: null,
      overriddenBy: null,
      overriddenAt: null,
    });
  });

  test("an override of a rate and of keys applies to the jobs that wait", async () => {
    const slow = { ...ONE_PER_KEY, rate: { rate: "1/h", burst: 1 } };
    await add(slow, "a", "a", "b");
    expect(await claimed(100)).toEqual(["a"]);
    const numbers = { rate: "1000/s", burst: 9, perKey: { concurrency: 2 } };
    await t.store.overrideLimit("site", numbers, BY);
    expect([...(await claimed(110)), ...(await claimed(130))]).toEqual(["a", "b"]);
    expect(await t.store.limit("site")).toMatchObject({ running: 3, queued: 0 });
  });

  test("limits are listed by name, with the keys that have the most jobs", async () => {
    await t.store.declareLimits([{ ...ONE, name: "other" }, ONE_PER_KEY]);
    await add(ONE_PER_KEY, "a", "a", "b", "b", "b");
    await claimed();
    await pause({ key: "c", until: 900 });
    const [other, site, ...rest] = await t.store.limits();
    expect(rest).toEqual([]);
    expect(other).toMatchObject({ name: "other", running: 0, queued: 0, pause: null });
    expect(site).toMatchObject({
      name: "site",
      running: 2,
      queued: 3,
      waitingKeys: [
        { key: "b", queued: 2 },
        { key: "a", queued: 1 },
      ],
      pausedKeys: [{ key: "c", since: 50, until: 900, by: "operator" }],
    });
  });

  test("what has no such name is not changed", async () => {
    expect(await pause({})).toBe(false);
    expect(await t.store.resumeLimit("site", null)).toBe(false);
    expect(await t.store.overrideLimit("site", { concurrency: 1 }, BY)).toBe(false);
    expect(await t.store.limit("site")).toBeNull();
  });

  test("a job that has a slot goes on while its limit is paused", async () => {
    await add(ONE, "", "");
    const [job] = await claim(t.store);
    await pause({});
    await completeOne(t.store, await start(t.store, job!));
    expect(await claimed()).toEqual([]);
  });
}

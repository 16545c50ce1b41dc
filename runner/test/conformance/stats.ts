import { describe, expect, test } from "vitest";
import type { StatRow, StatSeries } from "../../src/ports/store/stats.ts";
import { NULL_JSON } from "../../src/domain/json-text.ts";
import {
  attemptOf,
  claim,
  claimDue,
  complete,
  newJob,
  newWebhook,
  register,
  submit,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const HOUR = 3_600_000;
const MINUTE: StatRow = { series: "minute", at: 60_000, key: "", counts: { completed: 2 } };

export function statsConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);
  const read = (series: StatSeries, keys?: string[]) =>
    t.store.stats({ series, from: 0, to: 3 * HOUR, ...(keys && { keys }) });

  describe("stats", () => {
    test("are added up by series, instant and key, also after the store was reopened", async () => {
      await t.store.addStats([MINUTE, { ...MINUTE, series: "hour", at: 0 }]);
      await t.reopen();
      await Promise.all([
        t.store.addStats([{ ...MINUTE, counts: { completed: 1, failed: 4 } }]),
        t.store.addStats([
          { ...MINUTE, at: 120_000 },
          { ...MINUTE, key: "other" },
        ]),
      ]);
      expect(await read("minute")).toEqual([
        { ...MINUTE, counts: { completed: 3, failed: 4 } },
        { ...MINUTE, key: "other" },
        { ...MINUTE, at: 120_000 },
      ]);
      expect(await read("hour")).toEqual([{ ...MINUTE, series: "hour", at: 0 }]);
    });

    test("are read between two instants, and by key", async () => {
      const rows = [0, HOUR, 2 * HOUR].flatMap((at) =>
        ["a", "b", "c"].map((key) => ({ ...MINUTE, series: "plugin" as const, at, key })),
      );
      await t.store.addStats(rows);
      const range = { series: "plugin", from: HOUR, to: 2 * HOUR - 1 } as const;
      expect(await t.store.stats(range)).toEqual(rows.slice(3, 6));
      expect(await read("plugin", ["c", "a", "x"])).toEqual([2, 0, 5, 3, 8, 6].map((i) => rows[i]));
    });

    test("are deleted before an instant, no more than the limit in one call, the oldest first", async () => {
      const rows = [0, 60_000, 120_000].map((at) => ({ ...MINUTE, at }));
      await t.store.addStats([...rows, { ...MINUTE, series: "hour", at: 0 }]);
      const prune = () => t.store.pruneStats({ series: "minute", before: 120_000, limit: 1 });
      expect([await prune(), await prune(), await prune()]).toEqual([1, 1, 0]);
      expect(await read("minute")).toEqual([rows[2]]);
      expect(await read("hour")).toHaveLength(1);
    });
  });

  describe("queueState", () => {
    test("has nothing while no job is queued", async () => {
      const nothing = { scheduled: 0, oldestReadyAt: null, waiting: [] };
      expect(await t.store.queueState()).toEqual(nothing);
      await complete(t.store);
      expect(await t.store.queueState()).toEqual(nothing);
    });

    test("says since when the next job of each priority has been ready", async () => {
      await submit(t.store, { createdAt: 300, priority: 5 });
      await submit(t.store, { createdAt: 100, priority: -5 });
      await submit(t.store, { createdAt: 200, priority: 5 });
      expect((await t.store.queueState()).oldestReadyAt).toBe(100);
    });

    test("counts the scheduled jobs, which are not ready", async () => {
      for (const runAt of [900, 800]) await submit(t.store, { createdAt: 1, runAt });
      expect(await t.store.queueState()).toMatchObject({ scheduled: 2, oldestReadyAt: null });
    });

    test("counts the jobs that wait for each plugin, and says since when", async () => {
      const calls = (name: string) => ({ plugins: [{ name, options: NULL_JSON }] });
      await submit(t.store, calls("missing"));
      await claim(t.store, { now: 20, plugins: ["first"] });
      await submit(t.store, calls("missing"));
      await submit(t.store, calls("absent"));
      await claim(t.store, { now: 30, plugins: ["first"] });
      expect(await t.store.queueState()).toEqual({
        scheduled: 0,
        oldestReadyAt: null,
        waiting: [
          { on: "absent", jobs: 1, since: 30 },
          { on: "missing", jobs: 2, since: 20 },
        ],
      });
    });

    test("stops counting at 1,000", async () => {
      const job = () => newJob({ createdAt: 1, runAt: 900 });
      await Promise.all(Array.from({ length: 1_001 }, () => t.store.submitJob(job(), UNLIMITED)));
      expect((await t.store.queueState()).scheduled).toBe(1_000);
    });
  });

  describe("heldDestinations", () => {
    test("has those with a pause or an open circuit, and those whose webhook is paused or off", async () => {
      await complete(t.store, { webhook: newWebhook() });
      const [delivery] = await claimDue(t.store);
      expect(await t.store.heldDestinations({ limit: 10 })).toEqual([]);
      const says = { kind: "failed", pauseMs: 500 } as const;
      await t.store.recordAttempt(attemptOf(delivery!, { state: "due", dueAt: 900 }, says));
      const { id } = await register(t.store);
      await register(t.store);
      await t.store.updateWebhook(id, { state: "paused" }, { now: 7 });
      const held = await t.store.heldDestinations({ limit: 10 });
      expect(held.map(({ isPersistent }) => isPersistent)).toEqual([false, true]);
      expect(held[1]).toMatchObject({ key: id, health: { stoppedSince: 7 } });
      expect(await t.store.heldDestinations({ limit: 0 })).toEqual([]);
    });

    test("has no removed webhook whose deliveries are still being deleted", async () => {
      const { id } = await register(t.store);
      // More deliveries than one slice deletes.
      for (let n = 0; n < 60; n += 1) await complete(t.store);
      const due = await claimDue(t.store, { limit: 1 });
      const says = { kind: "failed", pauseMs: 500 } as const;
      for (const delivery of due) {
        await t.store.recordAttempt(attemptOf(delivery, { state: "due", dueAt: 900 }, says));
      }
      await t.store.updateWebhook(id, { state: "paused" }, { now: 7 });
      expect(await t.store.heldDestinations({ limit: 10 })).toHaveLength(1);
      await t.store.removeWebhook(id);
      expect(await t.store.heldDestinations({ limit: 10 })).toEqual([]);
      expect(await t.store.clearWebhooks({ now: 8 })).toBe(true);
    });
  });

  test("size is more with more rows", async () => {
    const { bytes, freeBytes } = await t.store.size();
    expect(bytes).toBeGreaterThan(freeBytes);
    const input = `"${"x".repeat(1_000_000)}"`;
    await submit(t.store, { input: input as never });
    expect((await t.store.size()).bytes).toBeGreaterThan(bytes);
  });
}

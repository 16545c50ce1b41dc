/** What changes many rows goes in slices, so that no other change waits long. */
import { describe, expect, test } from "vitest";
import type { Store } from "../../src/ports/store/store.ts";
import {
  claim,
  claimDue,
  claimOf,
  failing,
  newWebhook,
  register,
  shiftAll,
  submit,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

/** More than any slice. */
const MANY = 1_100;

/** Jobs that fail one millisecond after another, from `at` on. */
async function failMany(store: Store, at: number, webhook = false): Promise<void> {
  await Promise.all(
    Array.from({ length: MANY }, () => submit(store, webhook ? { webhook: newWebhook() } : {})),
  );
  const jobs = [...(await claim(store, { limit: MANY }))];
  await Promise.all(
    jobs.map((job, index) => store.commitTransition(claimOf(job), failing(job, at + index))),
  );
}

/** Returns how many calls had something to do. */
async function clear(store: Store): Promise<number> {
  let calls = 0;
  while (await store.clearWebhooks({ now: 60 })) calls += 1;
  return calls;
}

export function sliceConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);
  const off = { state: "off", reason: "gone" } as const;

  describe("clearWebhooks", () => {
    test("gives up a large backlog of a webhook that is off, and survives a restart", async () => {
      const { id } = await register(t.store);
      await failMany(t.store, 20);
      await t.store.updateWebhook(id, off, { now: 50 });
      expect((await t.store.counts()).deliveries.due).toBeGreaterThan(0);
      expect(await claimDue(t.store, { now: 5_000 })).toEqual([]);
      expect(await t.store.clearWebhooks({ now: 60 })).toBe(true);
      await t.reopen();
      await clear(t.store);
      expect((await t.store.counts()).deliveries).toMatchObject({ due: 0, dead: MANY });
      const { items } = await t.store.deliveries({}, { limit: 2_000, cursor: null });
      expect(new Set(items.map(({ reason }) => reason))).toEqual(new Set(["gone"]));
      expect(await t.store.clearWebhooks({ now: 60 })).toBe(false);
    });

    test("leaves what it has not given up to a webhook that is on again", async () => {
      const { id } = await register(t.store);
      await failMany(t.store, 20);
      await t.store.updateWebhook(id, off, { now: 50 });
      const { due } = (await t.store.counts()).deliveries;
      await t.store.updateWebhook(id, { state: "active" }, { now: 55 });
      expect(await clear(t.store)).toBe(0);
      expect(await claimDue(t.store, { now: 5_000, limit: MANY })).toHaveLength(due);
    });

    test("deletes the deliveries of a removed webhook, which is gone at once", async () => {
      const webhook = await register(t.store);
      const other = await register(t.store);
      await failMany(t.store, 20);
      expect(await t.store.removeWebhook(webhook.id)).toBe(true);
      expect(await t.store.webhook(webhook.id)).toBeNull();
      expect(await t.store.removeWebhook(webhook.id)).toBe(false);
      expect((await t.store.counts()).webhooks.active).toBe(1);
      const again = await register(t.store, { identity: webhook.identity });
      const sent = await claimDue(t.store, { now: 5_000, limit: 2 });
      expect(sent.map(({ target }) => target.webhookId)).toEqual([other.id, other.id]);
      expect(await clear(t.store)).toBeGreaterThan(1);
      expect((await t.store.counts()).deliveries).toMatchObject({ due: MANY, dead: 0 });
      expect(await t.store.webhook(again.id)).not.toBeNull();
    });
  });

  test("shiftDue moves each of many deliveries once", async () => {
    await failMany(t.store, 1_000, true);
    await shiftAll(t.store, { now: 100, byMs: -500 });
    const { items } = await t.store.deliveries({}, { limit: 2_000, cursor: null });
    const dueAts = items.map(({ dueAt }) => dueAt ?? 0).toSorted((a, b) => a - b);
    expect(dueAts).toEqual(Array.from({ length: MANY }, (_, index) => 500 + index));
    expect(await t.store.nextDestinationDue({ except: [] })).toBe(500);
  });

  test("shiftDue changes a part of many deliveries in one call", async () => {
    await failMany(t.store, 1_000, true);
    const after = await t.store.shiftDue({ now: 100, byMs: -900, after: null });
    expect(after).not.toBeNull();
    expect((await claimDue(t.store, { now: 999, limit: MANY })).length).toBeLessThan(MANY);
  });

  test("claims mark many scheduled jobs due one part after another", async () => {
    await Promise.all(Array.from({ length: MANY }, () => submit(t.store, { runAt: 500 })));
    const first = await claim(t.store, { now: 500, limit: MANY });
    expect(first.length).toBeLessThan(MANY);
    expect(await t.store.nextJobDue()).toBe(500);
    const second = await claim(t.store, { now: 500, limit: MANY });
    expect(first.length + second.length).toBe(MANY);
    expect(await t.store.nextJobDue()).toBeNull();
  });
}

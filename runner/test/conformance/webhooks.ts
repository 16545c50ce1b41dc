import { describe, expect, test } from "vitest";
import { EVENT_KINDS } from "../../src/domain/event.ts";
import {
  attemptOf,
  claimDue,
  complete,
  deliveriesOf,
  deliveryClaimOf,
  FIRST_PAGE,
  newPersistent,
  newWebhook,
  register,
  submit,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

export function webhookConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  describe("registerWebhook", () => {
    test("stores a webhook as active, with all its fields", async () => {
      const webhook = newPersistent({
        url: "https://example.com/ü",
        // As long as one with the longest client certificate.
        sealed: "sealed".repeat(10_000),
        on: ["failed"],
        retries: 0,
        plugins: ["csv-profile", "json-query"],
        jobName: "nightly",
        timeoutMs: 1_500,
        ratePerSecond: 2.5,
        expiresAt: 9_000,
        createdAt: 77,
      });
      expect(await t.store.registerWebhook(webhook, UNLIMITED)).toEqual({ kind: "created" });
      const stored = {
        ...webhook,
        state: "active",
        reason: null,
        failingSince: null,
        version: 1,
        updatedAt: 77,
        destination: expect.any(Number),
      };
      expect(await t.store.webhook(webhook.id)).toEqual(stored);
      await t.reopen();
      expect(await t.store.webhook(webhook.id)).toEqual(stored);
      expect((await t.store.counts()).webhooks).toEqual({ active: 1, paused: 0, off: 0 });
    });

    test("registers an identity once, and does not change the webhook that has it", async () => {
      const first = newPersistent({ identity: "same" });
      const again = newPersistent({ identity: "same", sealed: "other", retries: 1 });
      const outcomes = await Promise.all(
        [first, again].map((each) => t.store.registerWebhook(each, UNLIMITED)),
      );
      expect(outcomes).toEqual([{ kind: "created" }, { kind: "existing", id: first.id }]);
      expect(await t.store.webhook(first.id)).toMatchObject({ sealed: first.sealed, retries: 5 });
      expect(await t.store.webhook(again.id)).toBeNull();
    });

    test("refuses a webhook over the limit, and still recognizes known identities", async () => {
      const first = await register(t.store);
      const limits = { maxWebhooks: 1 };
      expect(await t.store.registerWebhook(newPersistent(), limits)).toEqual({
        kind: "limit",
        count: 1,
      });
      const again = newPersistent({ identity: first.identity });
      expect(await t.store.registerWebhook(again, limits)).toMatchObject({ kind: "existing" });
      await t.store.removeWebhook(first.id);
      expect(await t.store.registerWebhook(newPersistent(), limits)).toEqual({ kind: "created" });
    });
  });

  describe("updateWebhook", () => {
    test("changes the fields in the patch, and no others", async () => {
      const webhook = await register(t.store, { plugins: ["first"], jobName: "n" });
      const patch = {
        url: "http://127.0.0.1:9/new",
        sealed: "new",
        on: ["failed"] as const,
        retries: 1,
        timeoutMs: 10,
        ratePerSecond: 7,
        identity: "new",
      };
      expect(await t.store.updateWebhook(webhook.id, patch, { now: 50 })).toBe("updated");
      const changed = { ...webhook, ...patch, updatedAt: 50, state: "active" };
      expect(await t.store.webhook(webhook.id)).toMatchObject(changed);
      const cleared = { on: null, plugins: null, jobName: null, ratePerSecond: null } as const;
      await t.store.updateWebhook(webhook.id, cleared, { now: 60 });
      expect(await t.store.webhook(webhook.id)).toMatchObject({
        ...changed,
        ...cleared,
        updatedAt: 60,
      });
      expect(EVENT_KINDS).toContain("failed");
    });

    test("refuses a change that was built on an older version", async () => {
      const { id } = await register(t.store);
      const read = await t.store.webhook(id);
      expect(read?.version).toBe(1);
      const [first, second] = await Promise.all(
        [10, 20].map((retries) =>
          t.store.updateWebhook(id, { retries }, { now: 50, version: read!.version }),
        ),
      );
      expect([first, second]).toEqual(["updated", "stale"]);
      expect(await t.store.webhook(id)).toMatchObject({ retries: 10, version: 2 });
      expect(await t.store.updateWebhook(id, { retries: 3 }, { now: 60 })).toBe("updated");
    });

    test("applies url, sealed headers, retries and rate to stored deliveries", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      const patch = { url: "http://127.0.0.1:9/new", sealed: "new", retries: 0, ratePerSecond: 3 };
      await t.store.updateWebhook(webhook.id, patch, { now: 50 });
      const [destination] = await t.store.dueDestinations({ now: 100, limit: 1, except: [] });
      expect(destination).toMatchObject({ key: webhook.id, ratePerSecond: 3 });
      const { ratePerSecond: _, ...target } = patch;
      expect((await claimDue(t.store))[0]?.target).toMatchObject(target);
    });

    test("changes which events are delivered", async () => {
      const webhook = await register(t.store, { plugins: ["other"], on: ["completed"] });
      await complete(t.store);
      const wider = { plugins: ["first"], on: null };
      await t.store.updateWebhook(webhook.id, wider, { now: 50 });
      await complete(t.store);
      await t.store.updateWebhook(webhook.id, { jobName: "n" }, { now: 50 });
      await complete(t.store);
      const sent = await deliveriesOf(t.store, { webhookId: webhook.id });
      expect(sent.map(({ kind }) => kind)).toEqual([
        "started",
        "progress",
        "progress",
        "completed",
      ]);
    });

    test("returns missing for an unknown webhook, or a job's own", async () => {
      const own = newWebhook();
      await submit(t.store, { webhook: own });
      for (const id of [own.id, "wh_unknown"]) {
        expect(await t.store.updateWebhook(id, { retries: 1 }, { now: 50 })).toBe("missing");
      }
    });

    test("returns taken for another webhook's identity, and changes nothing", async () => {
      const [a, b] = [await register(t.store), await register(t.store)];
      const patch = { identity: a.identity, url: "http://127.0.0.1:9/new" };
      expect(await t.store.updateWebhook(b.id, patch, { now: 50 })).toBe("taken");
      expect(await t.store.webhook(b.id)).toMatchObject({ identity: b.identity, url: b.url });
    });
  });

  describe("removeWebhook", () => {
    test("deletes the webhook and its deliveries, and no others", async () => {
      const [removed, other] = [await register(t.store), await register(t.store)];
      await complete(t.store);
      const inFlight = await claimDue(t.store);
      const { items } = await t.store.deliveries({ webhookId: removed.id }, FIRST_PAGE);
      expect(await t.store.removeWebhook(removed.id)).toBe(true);
      expect(await t.store.webhook(removed.id)).toBeNull();
      for (const { id } of items) expect(await t.store.delivery(id)).toBeNull();
      expect(await deliveriesOf(t.store, { webhookId: other.id })).toHaveLength(4);
      const deleted = inFlight.find(({ target }) => target.webhookId === removed.id);
      await t.store.recordAttempt(attemptOf(deleted!, { state: "delivered" }));
      await t.store.releaseDeliveries([deliveryClaimOf(deleted!)]);
      expect((await t.store.counts()).deliveries).toEqual({
        waiting: 3,
        due: 1,
        delivered: 0,
        dead: 0,
      });
      expect((await t.store.counts()).webhooks.active).toBe(1);
    });

    test("frees its identity", async () => {
      const { id, identity } = await register(t.store);
      await t.store.removeWebhook(id);
      const again = newPersistent({ identity });
      expect(await t.store.registerWebhook(again, UNLIMITED)).toEqual({ kind: "created" });
    });

    test("returns false for an unknown webhook, or a job's own", async () => {
      const own = newWebhook();
      const job = await submit(t.store, { webhook: own });
      expect(await t.store.removeWebhook(own.id)).toBe(false);
      expect((await t.store.job(job.id))?.webhook).toEqual(own);
      expect(await t.store.removeWebhook("wh_unknown")).toBe(false);
    });
  });

  describe("pruneWebhooks", () => {
    test("deletes expired webhooks, the earliest expiry first, up to the limit", async () => {
      const ids: string[] = [];
      for (const expiresAt of [30, 10, 20, null, 50]) {
        ids.push((await register(t.store, { expiresAt })).id);
      }
      expect(await t.store.pruneWebhooks({ now: 50, limit: 2 })).toBe(2);
      const left = async () => (await t.store.webhooks(FIRST_PAGE)).items.map(({ id }) => id);
      expect(await left()).toEqual([ids[0], ids[3], ids[4]]);
      expect(await t.store.pruneWebhooks({ now: 50, limit: 2 })).toBe(1);
      expect(await t.store.pruneWebhooks({ now: 50, limit: 2 })).toBe(0);
      expect(await left()).toEqual([ids[3], ids[4]]);
    });

    test("keeps a webhook with an open delivery, also in flight or waiting for a retry", async () => {
      await register(t.store, { expiresAt: 12, on: ["started"] });
      await complete(t.store);
      const prune = () => t.store.pruneWebhooks({ now: 1_000_000, limit: 10 });
      expect(await prune()).toBe(0);
      const [delivery] = await claimDue(t.store);
      expect(await prune()).toBe(0);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "due", dueAt: 500 }));
      expect(await prune()).toBe(0);
      const [again] = await claimDue(t.store, { now: 500 });
      await t.store.recordAttempt(attemptOf(again!, { state: "delivered" }));
      expect(await prune()).toBe(1);
    });
  });

  describe("webhooks", () => {
    test("are listed oldest first, each on one page, without jobs' own", async () => {
      const ids: string[] = [];
      for (let i = 0; i < 5; i += 1) {
        ids.push((await register(t.store)).id);
        await submit(t.store, { webhook: newWebhook() });
      }
      const first = await t.store.webhooks({ limit: 2, cursor: null });
      await t.store.removeWebhook(ids[1] ?? "");
      const rest = await t.store.webhooks({ limit: 3, cursor: first.nextCursor });
      expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids);
      expect(rest.nextCursor).toBeNull();
    });

    test("reject a cursor that no page returned", async () => {
      await expect(t.store.webhooks({ limit: 2, cursor: "x" })).rejects.toThrow("cursor");
    });

    test("are null if they are unknown, or a job's own", async () => {
      const own = newWebhook();
      await submit(t.store, { webhook: own });
      expect(await t.store.webhook(own.id)).toBeNull();
      expect(await t.store.webhook("wh_unknown")).toBeNull();
    });
  });
}

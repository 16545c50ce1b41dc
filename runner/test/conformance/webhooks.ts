import { describe, expect, test } from "vitest";
import { EVENT_KINDS, type EventKind } from "../../src/domain/event.ts";
import { toJsonText } from "../../src/domain/json-text.ts";
import type { NewWebhook } from "../../src/ports/store.ts";
import {
  attemptOf,
  claimDue,
  claimOne,
  complete,
  completeOne,
  completeWithWebhook,
  deliverAll,
  failIt,
  FIRST_PAGE,
  newPersistent,
  newWebhook,
  register,
  start,
  submit,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const ALL_KINDS: EventKind[] = ["started", "progress", "progress", "completed"];

export function webhookConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  const kindsTo = async (webhookId: string) =>
    (await t.store.deliveries({ webhookId }, FIRST_PAGE)).items
      .map(({ kind }) => kind)
      .toReversed();
  const statesTo = async (webhookId: string) =>
    (await t.store.deliveries({ webhookId }, FIRST_PAGE)).items
      .map(({ state }) => state)
      .toReversed();

  describe("registerWebhook", () => {
    test("stores a webhook, active, with all that was given", async () => {
      const webhook = newPersistent({
        url: "https://example.com/ü",
        sealed: "sealed",
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
        updatedAt: 77,
      };
      expect(await t.store.webhook(webhook.id)).toEqual(stored);
      await t.reopen();
      expect(await t.store.webhook(webhook.id)).toEqual(stored);
      expect((await t.store.counts()).webhooks).toEqual({ active: 1, paused: 0, off: 0 });
    });

    test("registers an identity once, and changes nothing of the webhook that has it", async () => {
      const first = newPersistent({ identity: "same" });
      const again = newPersistent({ identity: "same", sealed: "other", retries: 1 });
      const outcomes = await Promise.all(
        [first, again].map((each) => t.store.registerWebhook(each, UNLIMITED)),
      );
      expect(outcomes).toEqual([{ kind: "created" }, { kind: "existing", id: first.id }]);
      expect(await t.store.webhook(first.id)).toMatchObject({ sealed: first.sealed, retries: 5 });
      expect(await t.store.webhook(again.id)).toBeNull();
    });

    test("refuses one more than the limit, and still knows those that are there", async () => {
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

  describe("an event", () => {
    test("goes to its job's own webhook and to every persistent one, each in its own line", async () => {
      const [a, b] = [await register(t.store), await register(t.store)];
      const own = newWebhook();
      const job = await complete(t.store, { webhook: own });
      const sent = await deliverAll(t.store);
      for (const { id } of [own, a, b]) {
        const line = sent.filter(({ target }) => target.webhookId === id);
        expect(line.map(({ subjectId }) => subjectId)).toEqual(ALL_KINDS.map(() => job.id));
        expect(line.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
        expect(line.map(({ kind }) => kind)).toEqual(ALL_KINDS);
      }
      expect(new Set(sent.map(({ lane }) => lane)).size).toBe(3);
    });

    test("comes with the webhook as it is: persistent, its timeout, its expiry", async () => {
      const webhook = await register(t.store, { expiresAt: 5_000, timeoutMs: 300 });
      await complete(t.store);
      const [delivery] = await claimDue(t.store);
      expect(delivery?.target).toEqual({
        webhookId: webhook.id,
        isPersistent: true,
        url: webhook.url,
        sealed: webhook.sealed,
        retries: 5,
        timeoutMs: 300,
        expiresAt: 5_000,
        failingSince: null,
      });
    });

    test.each<[string, Partial<NewWebhook>, boolean]>([
      ["one of its job's plugins", { plugins: ["other", "second"] }, true],
      ["both of its job's plugins, once", { plugins: ["first", "second"] }, true],
      ["other plugins", { plugins: ["other", "sec"] }, false],
      ["its job's name", { jobName: "nightly" }, true],
      ["another name", { jobName: "night" }, false],
      ["its job's name and plugin", { jobName: "nightly", plugins: ["first"] }, true],
      ["its job's name and another plugin", { jobName: "nightly", plugins: ["other"] }, false],
      ["another name and its job's plugin", { jobName: "weekly", plugins: ["first"] }, false],
    ])("and a webhook for %s", async (_, filter, isReached) => {
      const webhook = await register(t.store, filter);
      await complete(t.store, { name: "nightly" });
      expect(await kindsTo(webhook.id)).toEqual(isReached ? ALL_KINDS : []);
    });

    test("of a job without a name does not go to a webhook for a name", async () => {
      const webhook = await register(t.store, { jobName: "nightly" });
      await complete(t.store);
      expect(await kindsTo(webhook.id)).toEqual([]);
    });

    test("of a job that has a plugin twice goes to a webhook once", async () => {
      const webhook = await register(t.store, { plugins: ["first"] });
      const plugins = ["first", "first"].map((name) => ({ name, options: toJsonText({}) }));
      await complete(t.store, { plugins });
      expect(await kindsTo(webhook.id)).toEqual(ALL_KINDS);
    });

    test("goes to a webhook that wants its kind", async () => {
      const webhook = await register(t.store, { on: ["failed", "started"] });
      await complete(t.store);
      await submit(t.store);
      await failIt(t.store, await start(t.store, await claimOne(t.store)));
      expect(await kindsTo(webhook.id)).toEqual(["started", "started", "failed"]);
    });

    test("goes to no webhook from the instant on at which it expires", async () => {
      const webhook = await register(t.store, { expiresAt: 20 });
      await submit(t.store);
      const job = await start(t.store, await claimOne(t.store));
      const next = await completeOne(t.store, job, 19);
      await completeOne(t.store, next, 20);
      expect(await kindsTo(webhook.id)).toEqual(["started", "progress"]);
    });

    test("goes only to webhooks that were registered when it happened", async () => {
      await submit(t.store);
      const job = await start(t.store, await claimOne(t.store));
      const webhook = await register(t.store);
      await completeOne(t.store, job);
      expect(await kindsTo(webhook.id)).toEqual(["progress"]);
    });
  });

  describe("updateWebhook", () => {
    test("changes what the patch names, and nothing else", async () => {
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

    test("holds for what was queued before: url, sealed headers, retries, rate", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      const patch = { url: "http://127.0.0.1:9/new", sealed: "new", retries: 0, ratePerSecond: 3 };
      await t.store.updateWebhook(webhook.id, patch, { now: 50 });
      const [lane] = await t.store.dueLanes({ now: 100, limit: 1, except: [] });
      expect(lane).toMatchObject({ key: webhook.id, ratePerSecond: 3 });
      const { ratePerSecond: _, ...target } = patch;
      expect((await claimDue(t.store))[0]?.target).toMatchObject(target);
    });

    test("changes which events come", async () => {
      const webhook = await register(t.store, { plugins: ["other"], on: ["completed"] });
      await complete(t.store);
      const wider = { plugins: ["first"], on: null };
      await t.store.updateWebhook(webhook.id, wider, { now: 50 });
      await complete(t.store);
      await t.store.updateWebhook(webhook.id, { jobName: "n" }, { now: 50 });
      await complete(t.store);
      expect(await kindsTo(webhook.id)).toEqual(ALL_KINDS);
    });

    test("misses a webhook that is not known, a job's own among them", async () => {
      const own = newWebhook();
      await submit(t.store, { webhook: own });
      for (const id of [own.id, "wh_unknown"]) {
        expect(await t.store.updateWebhook(id, { retries: 1 }, { now: 50 })).toBe("missing");
      }
    });

    test("leaves the identity of another webhook to it, and changes nothing", async () => {
      const [a, b] = [await register(t.store), await register(t.store)];
      const patch = { identity: a.identity, url: "http://127.0.0.1:9/new" };
      expect(await t.store.updateWebhook(b.id, patch, { now: 50 })).toBe("taken");
      expect(await t.store.webhook(b.id)).toMatchObject({ identity: b.identity, url: b.url });
    });
  });

  describe("a paused webhook", () => {
    test("keeps what was queued and what comes, until it is active", async () => {
      const webhook = await register(t.store);
      const before = await complete(t.store);
      await t.store.updateWebhook(webhook.id, { state: "paused" }, { now: 50 });
      const meanwhile = await complete(t.store);
      expect(await t.store.dueLanes({ now: 1_000_000, limit: 10, except: [] })).toEqual([]);
      expect(await t.store.nextLaneDue({ except: [] })).toBeNull();
      await t.store.updateWebhook(webhook.id, { state: "active" }, { now: 60 });
      const sent = await deliverAll(t.store);
      expect(sent.map(({ subjectId }) => subjectId).toSorted()).toEqual(
        [before, meanwhile].flatMap(({ id }) => ALL_KINDS.map(() => id)),
      );
    });

    test("is sent nothing, though its lane was named before, or a hold ends", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      const [lane] = await t.store.dueLanes({ now: 100, limit: 1, except: [] });
      await t.store.updateWebhook(webhook.id, { state: "paused" }, { now: 50 });
      await t.store.holdLane({ lane: lane!.id, until: 0 });
      const lanes = [{ id: lane!.id, limit: 5 }];
      const request = { owner: "owner_1", now: 100, leaseUntil: 900, maxBytes: 1_000, lanes };
      expect(await t.store.claimDeliveries(request)).toEqual([]);
      expect(await claimDue(t.store)).toEqual([]);
    });

    test("goes on at once when it is active, though its lane was held", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      const [lane] = await t.store.dueLanes({ now: 100, limit: 1, except: [] });
      await t.store.holdLane({ lane: lane!.id, until: 90_000 });
      await t.store.updateWebhook(webhook.id, { state: "paused" }, { now: 50 });
      await t.store.updateWebhook(webhook.id, { state: "active" }, { now: 60 });
      expect(await claimDue(t.store)).toHaveLength(1);
    });

    test("keeps what was in flight when it is given back", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      const [delivery] = await claimDue(t.store);
      await t.store.updateWebhook(webhook.id, { state: "paused" }, { now: 50 });
      await t.store.releaseDeliveries([delivery!.id]);
      expect(await claimDue(t.store)).toEqual([]);
      expect(await statesTo(webhook.id)).toEqual(["due", "waiting", "waiting", "waiting"]);
    });
  });

  describe("a webhook that is off", () => {
    const off = { state: "off", reason: "It is gone." } as const;

    test("gives up what was queued, with the reason, and tells why", async () => {
      const webhook = await register(t.store);
      const other = await register(t.store);
      await complete(t.store);
      const queued = (await t.store.deliveries({ webhookId: webhook.id }, FIRST_PAGE)).items;
      await t.store.updateWebhook(webhook.id, off, { now: 50 });
      for (const { id } of queued) {
        const dead = { state: "dead", reason: "It is gone.", dueAt: null, endedAt: 50 };
        expect(await t.store.delivery(id)).toMatchObject(dead);
      }
      expect(await t.store.webhook(webhook.id)).toMatchObject(off);
      expect(await statesTo(other.id)).toEqual(["due", "waiting", "waiting", "waiting"]);
      expect((await t.store.counts()).webhooks).toEqual({ active: 1, paused: 0, off: 1 });
    });

    test("is passed by", async () => {
      const webhook = await register(t.store);
      await t.store.updateWebhook(webhook.id, off, { now: 50 });
      await complete(t.store);
      expect(await statesTo(webhook.id)).toEqual([]);
      await t.store.updateWebhook(webhook.id, { state: "active" }, { now: 60 });
      expect(await t.store.webhook(webhook.id)).toMatchObject({ state: "active", reason: null });
      await complete(t.store);
      expect(await kindsTo(webhook.id)).toEqual(ALL_KINDS);
    });

    test("lets its jobs be pruned", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      expect(await t.store.pruneJobs({ endedBefore: 50, limit: 10 })).toBe(0);
      await t.store.updateWebhook(webhook.id, off, { now: 50 });
      expect(await t.store.pruneJobs({ endedBefore: 50, limit: 10 })).toBe(1);
    });

    test("keeps the attempt that was in flight: its success counts, its failure changes nothing", async () => {
      for (const state of ["delivered", "due", "dead"] as const) {
        const webhook = await register(t.store);
        await complete(t.store);
        const [delivery] = await claimDue(t.store);
        await t.store.updateWebhook(webhook.id, off, { now: 50 });
        const outcome = attemptOf(delivery!, { state, dueAt: 500, reason: "r" });
        await t.store.recordAttempt(outcome);
        const isDelivered = state === "delivered";
        expect(await t.store.delivery(delivery!.id)).toMatchObject({
          state: isDelivered ? "delivered" : "dead",
          reason: isDelivered ? null : "It is gone.",
          attempts: 1,
          log: [outcome.attempt],
        });
        expect(await claimDue(t.store, { now: 1_000 })).toEqual([]);
        await t.store.removeWebhook(webhook.id);
      }
    });

    test("takes back nothing that was in flight", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      const [delivery] = await claimDue(t.store);
      await t.store.updateWebhook(webhook.id, off, { now: 50 });
      await t.store.releaseDeliveries([delivery!.id]);
      await t.store.reap({ owner: "owner_2", now: 1_000_000 });
      await t.store.updateWebhook(webhook.id, { state: "active" }, { now: 60 });
      expect(await claimDue(t.store, { now: 1_000_000 })).toEqual([]);
    });

    test("leaves nothing due in its lane", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      await t.store.updateWebhook(webhook.id, off, { now: 50 });
      await t.store.updateWebhook(webhook.id, { state: "active" }, { now: 60 });
      expect(await t.store.nextLaneDue({ except: [] })).toBeNull();
    });
  });

  describe("failingSince", () => {
    async function attempt(at: number, tookIt: boolean | null) {
      const [delivery] = await claimDue(t.store, { now: at, limit: 1 });
      const state = tookIt === true ? "delivered" : "dead";
      await t.store.recordAttempt({ ...attemptOf(delivery!, { state, at, reason: "r" }), tookIt });
    }

    test("is the first failure since the last success", async () => {
      const { id } = await register(t.store);
      await complete(t.store);
      await complete(t.store);
      const since = async () => (await t.store.webhook(id))?.failingSince;
      const told: [number, boolean | null, number | null][] = [
        [100, null, null],
        [110, false, 110],
        [120, false, 110],
        [130, null, 110],
        [140, true, null],
        [150, false, 150],
      ];
      for (const [at, tookIt, expected] of told) {
        await attempt(at, tookIt);
        expect(await since()).toBe(expected);
      }
      expect((await claimDue(t.store, { now: 160 }))[0]?.target.failingSince).toBe(150);
      await t.store.updateWebhook(id, { retries: 3 }, { now: 200 });
      expect(await since()).toBe(150);
      await t.store.updateWebhook(id, { state: "active" }, { now: 200 });
      expect(await since()).toBeNull();
    });

    test("is nothing of a job's own webhook", async () => {
      await completeWithWebhook(t.store);
      const [delivery] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "due", dueAt: 200 }));
      expect((await claimDue(t.store, { now: 200 }))[0]?.target.failingSince).toBeNull();
    });
  });

  describe("removeWebhook", () => {
    test("removes it with its deliveries, those of others stay", async () => {
      const [gone, other] = [await register(t.store), await register(t.store)];
      await complete(t.store);
      const inFlight = await claimDue(t.store);
      const { items } = await t.store.deliveries({ webhookId: gone.id }, FIRST_PAGE);
      expect(await t.store.removeWebhook(gone.id)).toBe(true);
      expect(await t.store.webhook(gone.id)).toBeNull();
      for (const { id } of items) expect(await t.store.delivery(id)).toBeNull();
      expect(await statesTo(other.id)).toHaveLength(4);
      const mine = inFlight.find(({ target }) => target.webhookId === gone.id);
      await t.store.recordAttempt(attemptOf(mine!, { state: "delivered" }));
      await t.store.releaseDeliveries([mine!.id]);
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

    test("is false for one that is not known, a job's own among them", async () => {
      const own = newWebhook();
      const job = await submit(t.store, { webhook: own });
      expect(await t.store.removeWebhook(own.id)).toBe(false);
      expect((await t.store.job(job.id))?.webhook).toEqual(own);
      expect(await t.store.removeWebhook("wh_unknown")).toBe(false);
    });
  });

  describe("pruneWebhooks", () => {
    test("removes those that expired before, the first to expire first, up to the limit", async () => {
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

    test("keeps one that has something left to deliver, in flight or waiting for a retry", async () => {
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
    test("are listed oldest first, in pages that hold each once, without jobs' own", async () => {
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

    test("refuse a cursor that no page gave", async () => {
      await expect(t.store.webhooks({ limit: 2, cursor: "x" })).rejects.toThrow("cursor");
    });

    test("are null when they are not known, or a job's own", async () => {
      const own = newWebhook();
      await submit(t.store, { webhook: own });
      expect(await t.store.webhook(own.id)).toBeNull();
      expect(await t.store.webhook("wh_unknown")).toBeNull();
    });
  });
}

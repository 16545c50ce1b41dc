import { describe, expect, test } from "vitest";
import type { EventKind } from "../../src/domain/event.ts";
import { toJsonText } from "../../src/domain/json-text.ts";
import type { AttemptRecord } from "../../src/ports/store/deliveries.ts";
import type { NewWebhook } from "../../src/ports/store/webhooks.ts";
import {
  beatAt,
  asksToWait,
  attemptOf,
  claimDue,
  claimOne,
  complete,
  completeOne,
  completeWithWebhook,
  deliverAll,
  deliveriesOf,
  deliveryClaimOf,
  failIt,
  FIRST_PAGE,
  newWebhook,
  prune,
  register,
  start,
  submit,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const MINUTE_MS = 60 * 1000;

const ALL_KINDS: EventKind[] = ["started", "progress", "progress", "completed"];

export function webhookEventConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  const kindsTo = async (webhookId: string) =>
    (await deliveriesOf(t.store, { webhookId })).map(({ kind }) => kind);
  const statesTo = async (webhookId: string) =>
    (await deliveriesOf(t.store, { webhookId })).map(({ state }) => state);

  describe("an event", () => {
    test("goes to its job's own webhook and to every persistent one, in order for each", async () => {
      const [a, b] = [await register(t.store), await register(t.store)];
      const own = newWebhook();
      const job = await complete(t.store, { webhook: own });
      const sent = await deliverAll(t.store);
      for (const { id } of [own, a, b]) {
        const received = sent.filter(({ target }) => target.webhookId === id);
        expect(received.map(({ subjectId }) => subjectId)).toEqual(ALL_KINDS.map(() => job.id));
        expect(received.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
        expect(received.map(({ kind }) => kind)).toEqual(ALL_KINDS);
      }
      expect(new Set(sent.map(({ destination }) => destination)).size).toBe(3);
    });

    test("is claimed with the current webhook and its timeout", async () => {
      const webhook = await register(t.store, { timeoutMs: 300 });
      await complete(t.store);
      const [delivery] = await claimDue(t.store);
      expect(delivery?.target).toEqual({
        webhookId: webhook.id,
        isPersistent: true,
        url: webhook.url,
        sealed: webhook.sealed,
        retries: 5,
        timeoutMs: 300,
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
    ])("reaches a webhook for %s only if the filter matches", async (_, filter, isReached) => {
      const webhook = await register(t.store, filter);
      await complete(t.store, { name: "nightly" });
      expect(await kindsTo(webhook.id)).toEqual(isReached ? ALL_KINDS : []);
    });

    test("of a job without a name does not go to a webhook for a name", async () => {
      const webhook = await register(t.store, { jobName: "nightly" });
      await complete(t.store);
      expect(await kindsTo(webhook.id)).toEqual([]);
    });

    test("of a job that has a plugin twice goes once to a webhook for that plugin", async () => {
      const webhook = await register(t.store, { plugins: ["first"] });
      const plugins = ["first", "first"].map((name) => ({ name, options: toJsonText({}) }));
      await complete(t.store, { plugins });
      expect(await kindsTo(webhook.id)).toEqual(ALL_KINDS);
    });

    test("goes only to a webhook that wants its kind", async () => {
      const webhook = await register(t.store, { on: ["failed", "started"] });
      await complete(t.store);
      await submit(t.store);
      await failIt(t.store, await start(t.store, await claimOne(t.store)));
      expect(await kindsTo(webhook.id)).toEqual(["started", "started", "failed"]);
    });

    test("does not go to a webhook from the instant of its expiry", async () => {
      const webhook = await register(t.store, { expiresAt: 20 });
      await submit(t.store);
      const job = await start(t.store, await claimOne(t.store));
      const next = await completeOne(t.store, job, 19);
      await completeOne(t.store, next, 20);
      expect(await kindsTo(webhook.id)).toEqual(["started", "progress"]);
    });

    test("goes only to webhooks that are registered when it happens", async () => {
      await submit(t.store);
      const job = await start(t.store, await claimOne(t.store));
      const webhook = await register(t.store);
      await completeOne(t.store, job);
      expect(await kindsTo(webhook.id)).toEqual(["progress"]);
    });
  });

  describe("a paused webhook", () => {
    test("keeps deliveries from before and during the pause until it is active", async () => {
      const webhook = await register(t.store);
      const before = await complete(t.store);
      await t.store.updateWebhook(webhook.id, { state: "paused" }, { now: 50 });
      const during = await complete(t.store);
      expect(await t.store.dueDestinations({ now: 1_000_000, limit: 10, except: [] })).toEqual([]);
      expect(await t.store.nextDestinationDue({ except: [] })).toBeNull();
      await t.store.updateWebhook(webhook.id, { state: "active" }, { now: 60 });
      const sent = await deliverAll(t.store);
      expect(sent.map(({ subjectId }) => subjectId).toSorted()).toEqual(
        [before, during].flatMap(({ id }) => ALL_KINDS.map(() => id)),
      );
    });

    test("is sent nothing, even if its destination was read before", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      const [destination] = await t.store.dueDestinations({ now: 100, limit: 1, except: [] });
      await t.store.updateWebhook(webhook.id, { state: "paused" }, { now: 50 });
      const destinations = [{ id: destination!.id, limit: 5 }];
      const request = {
        owner: "owner_1",
        now: 100,
        leaseUntil: 900,
        maxBytes: 1_000,
        destinations,
      };
      expect(await t.store.claimDeliveries(request)).toEqual([]);
      expect(await claimDue(t.store)).toEqual([]);
    });

    test("is sent events immediately when it is active, even if its destination was paused", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      const [delivery] = await claimDue(t.store, { now: 40 });
      const asked = attemptOf(delivery!, { state: "due", at: 40, dueAt: 60 }, asksToWait(90_000));
      await t.store.recordAttempt(asked);
      await t.store.updateWebhook(webhook.id, { state: "paused" }, { now: 50 });
      await t.store.updateWebhook(webhook.id, { state: "active" }, { now: 60 });
      expect(await claimDue(t.store)).toHaveLength(1);
    });

    test("keeps a delivery that is released", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      const [delivery] = await claimDue(t.store);
      await t.store.updateWebhook(webhook.id, { state: "paused" }, { now: 50 });
      await t.store.releaseDeliveries([deliveryClaimOf(delivery!)]);
      expect(await claimDue(t.store)).toEqual([]);
      expect(await statesTo(webhook.id)).toEqual(["due", "waiting", "waiting", "waiting"]);
    });
  });

  describe("a webhook that is off", () => {
    const off = { state: "off", reason: "It is gone." } as const;

    test("gives up its open deliveries with the reason, and shows the reason", async () => {
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

    test("gets no deliveries until it is active", async () => {
      const webhook = await register(t.store);
      await t.store.updateWebhook(webhook.id, off, { now: 50 });
      await complete(t.store);
      expect(await statesTo(webhook.id)).toEqual([]);
      await t.store.updateWebhook(webhook.id, { state: "active" }, { now: 60 });
      expect(await t.store.webhook(webhook.id)).toMatchObject({ state: "active", reason: null });
      await complete(t.store);
      expect(await kindsTo(webhook.id)).toEqual(ALL_KINDS);
    });

    test("does not keep jobs from being pruned", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      expect(await prune(t.store, { endedBefore: 50, limit: 10 })).toBe(0);
      await t.store.updateWebhook(webhook.id, off, { now: 50 });
      expect(await prune(t.store, { endedBefore: 51, limit: 10 })).toBe(1);
    });

    test("stores an attempt in flight: success counts, failure changes no state", async () => {
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

    test("loses a delivery that is released or reaped", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      const [delivery] = await claimDue(t.store);
      await t.store.updateWebhook(webhook.id, off, { now: 50 });
      await t.store.releaseDeliveries([deliveryClaimOf(delivery!)]);
      await t.store.reap({ owner: "owner_2", now: 1_000_000 });
      await t.store.updateWebhook(webhook.id, { state: "active" }, { now: 60 });
      expect(await claimDue(t.store, { now: 1_000_000 })).toEqual([]);
    });

    test("has a destination with nothing due", async () => {
      const webhook = await register(t.store);
      await complete(t.store);
      await t.store.updateWebhook(webhook.id, off, { now: 50 });
      await t.store.updateWebhook(webhook.id, { state: "active" }, { now: 60 });
      expect(await t.store.nextDestinationDue({ except: [] })).toBeNull();
    });
  });

  describe("failingSince", () => {
    async function attempt(at: number, succeeded: boolean | null) {
      const [delivery] = await claimDue(t.store, { now: at, limit: 1 });
      const state = succeeded === true ? "delivered" : "dead";
      await t.store.recordAttempt({
        ...attemptOf(delivery!, { state, at, reason: "r" }),
        succeeded,
      });
    }

    test("is the first failure since the last success", async () => {
      const { id } = await register(t.store);
      await complete(t.store);
      await complete(t.store);
      const since = async () => (await t.store.webhook(id))?.failingSince;
      const attempts: [number, boolean | null, number | null][] = [
        [100, null, null],
        [110, false, 110],
        [120, false, 110],
        [130, null, 110],
        [140, true, null],
        [150, false, 150],
      ];
      for (const [at, succeeded, expected] of attempts) {
        await attempt(at, succeeded);
        expect(await since()).toBe(expected);
      }
      await t.store.updateWebhook(id, { retries: 3 }, { now: 200 });
      expect(await since()).toBe(150);
      await t.store.updateWebhook(id, { state: "active" }, { now: 200 });
      expect(await since()).toBeNull();
    });

    test("is counted for persistent webhooks only", async () => {
      await completeWithWebhook(t.store);
      const [delivery] = await claimDue(t.store);
      expect(
        await t.store.recordAttempt(attemptOf(delivery!, { state: "due", dueAt: 200 })),
      ).toBeNull();
    });
  });

  describe("a webhook whose attempts fail", () => {
    /** Completes a job at `at`, and makes a failed attempt of every delivery that is due then. */
    async function fail(at: number, response: Partial<AttemptRecord> = {}) {
      await complete(t.store, {}, at);
      const verdicts = [];
      for (const each of await claimDue(t.store, { now: at })) {
        const outcome = attemptOf(each, { state: "dead", at, reason: "r" });
        const attempt = { ...outcome.attempt, ...response };
        const recorded = await t.store.recordAttempt({ ...outcome, attempt });
        verdicts.push(recorded === "lost" ? recorded : (recorded?.webhook ?? null));
      }
      return verdicts;
    }
    const registerOne = (fields: Partial<NewWebhook> = {}) =>
      register(t.store, { on: ["completed"], ...fields });
    const stateOf = async (id: string) => (await t.store.webhook(id))?.state;
    const OFF = {
      kind: "switch-off",
      reason: "Every attempt has failed since 1970-01-01T00:00:00.100Z.",
    };

    test("is switched off after five days with failures on four of them, in the write of the attempt", async () => {
      const { id } = await registerOne();
      for (const day of [0, 1, 2, 4]) expect(await fail(100 + day * DAY_MS)).toEqual([null]);
      expect(await stateOf(id)).toBe("active");
      expect(await fail(100 + 5 * DAY_MS)).toEqual([OFF]);
      expect(await t.store.webhook(id)).toMatchObject({ state: "off", reason: OFF.reason });
    });

    test("stays on if an attempt succeeded after the delivery was claimed", async () => {
      const { id } = await registerOne();
      for (const day of [0, 1, 2, 3, 4]) await fail(100 + day * DAY_MS);
      const at = 100 + 5 * DAY_MS;
      for (let n = 0; n < 2; n += 1) await complete(t.store, {}, at);
      const [first, second] = await claimDue(t.store, { now: at });
      await t.store.recordAttempt(attemptOf(first!, { state: "delivered", at }));
      const failure = attemptOf(second!, { state: "dead", at, reason: "r" });
      expect(await t.store.recordAttempt(failure)).toBeNull();
      expect(await t.store.webhook(id)).toMatchObject({ state: "active", failingSince: at });
    });

    test("stays on while the days are days in which no daemon was up", async () => {
      const { id } = await registerOne();
      for (const day of [0, 10, 20, 30, 40, 50]) {
        const now = day * DAY_MS;
        await t.store.beat(beatAt(now));
        expect(await fail(now + 100)).toEqual([null]);
        await t.store.beat(beatAt(now + 500));
      }
      expect(await stateOf(id)).toBe("active");
    });

    test("starts a new count when it is made active", async () => {
      const { id } = await registerOne();
      for (const day of [0, 1, 2, 3, 4]) await fail(100 + day * DAY_MS);
      await t.store.updateWebhook(id, { state: "active" }, { now: 5 * DAY_MS });
      for (const day of [5, 6]) expect(await fail(100 + day * DAY_MS)).toEqual([null]);
      expect(await stateOf(id)).toBe("active");
    });

    test("is switched off by a 410, once", async () => {
      const { id } = await registerOne();
      for (let n = 0; n < 2; n += 1) await complete(t.store, {}, 50);
      const reason = "The endpoint responded with 410 Gone.";
      const gone = await fail(100, { status: 410 });
      expect(gone).toEqual([{ kind: "switch-off", reason }, null, null]);
      expect(await stateOf(id)).toBe("off");
    });

    const UNREGISTERED = {
      status: 404,
      response:
        '{"code":404,"message":"The requested webhook \\"POST a\\" is not registered.","hint":"Publish it."}',
    };
    const PAUSE = { kind: "pause", reason: expect.stringMatching(/^For 24 hours n8n/) };

    test("is paused after a day of n8n's response that it is not registered, and keeps its events", async () => {
      const { id } = await registerOne();
      expect(await fail(100, UNREGISTERED)).toEqual([null]);
      expect(await fail(100 + DAY_MS / 2, UNREGISTERED)).toEqual([null]);
      const passed = 100 + DAY_MS + MINUTE_MS;
      for (let n = 0; n < 2; n += 1) await complete(t.store, {}, passed);
      const paused = await fail(passed, UNREGISTERED);
      expect(paused).toEqual([PAUSE, null, null]);
      expect(await t.store.webhook(id)).toMatchObject({ state: "paused", reason: PAUSE.reason });
      expect((await t.store.counts()).webhooks).toEqual({ active: 0, paused: 1, off: 0 });

      const later = passed + 100;
      await complete(t.store, {}, later);
      expect(await claimDue(t.store, { now: later })).toEqual([]);
      await t.store.updateWebhook(id, { state: "active", reason: null }, { now: later });
      expect(await claimDue(t.store, { now: later })).toHaveLength(1);
      expect(await t.store.webhook(id)).toMatchObject({ reason: null, failingSince: null });
    });

    test("is not paused when another failure came between, and is switched off after five days", async () => {
      const { id } = await registerOne();
      for (const hour of [0, 22, 44, 66, 88, 110]) {
        const at = 100 + hour * 60 * MINUTE_MS;
        expect(await fail(at, UNREGISTERED)).toEqual([null]);
        expect(await fail(at + 1, { status: 502 })).toEqual([null]);
      }
      expect(await fail(100 + 5 * DAY_MS, UNREGISTERED)).toEqual([OFF]);
      expect(await stateOf(id)).toBe("off");
    });

    test("that a person has paused has no reason, also when a response says it is not registered", async () => {
      const { id } = await registerOne();
      await fail(100, UNREGISTERED);
      const at = 100 + DAY_MS + MINUTE_MS;
      await complete(t.store, {}, at);
      const [inFlight] = await claimDue(t.store, { now: at });
      await t.store.updateWebhook(id, { state: "paused", reason: null }, { now: at });
      const outcome = attemptOf(inFlight!, { state: "dead", at, reason: "r" });
      const attempt = { ...outcome.attempt, ...UNREGISTERED };
      expect(await t.store.recordAttempt({ ...outcome, attempt })).toBeNull();
      expect(await t.store.webhook(id)).toMatchObject({ state: "paused", reason: null });
    });

    test("is removed when it has expired and responds with 404 again", async () => {
      const { id } = await registerOne({ expiresAt: 110 });
      await complete(t.store, {}, 50);
      const [first] = await claimDue(t.store, { now: 50 });
      await t.store.recordAttempt(attemptOf(first!, { state: "due", at: 50, dueAt: 60 }));
      const [second] = await claimDue(t.store, { now: 110 });
      const outcome = attemptOf(second!, { state: "due", at: 110, dueAt: 200 });
      const attempt = { ...outcome.attempt, status: 404 };
      expect(await t.store.recordAttempt({ ...outcome, attempt })).toMatchObject({
        webhook: { kind: "remove" },
      });
      expect(await t.store.webhook(id)).toBeNull();
    });
  });
}

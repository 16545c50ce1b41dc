import { describe, expect, test } from "vitest";
import { toJsonText } from "../../src/domain/json-text.ts";
import type { Store } from "../../src/ports/store/store.ts";
import {
  asksToWait,
  attemptOf,
  beginning,
  claimDue,
  claimOf,
  claimOne,
  completeWithWebhook,
  deliveryClaimOf,
  FIRST_PAGE,
  LEASE_MS,
  newWebhook,
  prune,
  register,
  shiftAll,
  submit,
} from "./given.ts";
import type { DestinationOutcome } from "../../src/domain/destination.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const OK: DestinationOutcome = { kind: "ok" };
const FAILED: DestinationOutcome = { kind: "failed", pauseMs: 0 };

export function destinationConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  /** Starts a job whose `started` event is due at `at`, to the destination with this key. */
  async function startIn(key: string, at = 11, input = ""): Promise<string> {
    const webhook = newWebhook({ destination: { key, ratePerSecond: null }, on: ["started"] });
    const { id } = await submit(t.store, { webhook, input: toJsonText(input) });
    const job = await claimOne(t.store);
    await t.store.commitTransition(claimOf(job), beginning(job, at));
    return id;
  }

  const due = (store: Store, { now = 100, limit = 100, except = [] as readonly number[] } = {}) =>
    store.dueDestinations({ now, limit, except });
  const keys = async (request?: Parameters<typeof due>[1]) =>
    (await due(t.store, request)).map(({ key }) => key);
  async function destinationOf(key: string): Promise<number> {
    const destination = (await due(t.store, { now: 1_000_000 })).find((each) => each.key === key);
    if (destination === undefined) throw new Error(`Nothing is due to ${key}.`);
    return destination.id;
  }
  /** Makes the endpoint of the deliveries that are due ask for a pause. */
  async function pause(key: string, until: number): Promise<void> {
    const [delivery] = await claimIn([key], { limit: 1 });
    const endsAt = 107;
    const outcome = asksToWait(until - endsAt);
    await t.store.recordAttempt(attemptOf(delivery!, { state: "delivered" }, outcome));
  }
  const claimIn = async (
    names: readonly string[],
    { limit = 1, now = 100, maxBytes = 1_000_000 } = {},
  ) => {
    const ids = await Promise.all(names.map(destinationOf));
    const destinations = ids.map((id) => ({ id, limit }));
    const lease = { owner: "owner_1", leaseUntil: now + LEASE_MS };
    return t.store.claimDeliveries({ ...lease, destinations, now, maxBytes });
  };

  describe("dueDestinations", () => {
    test("returns destinations with deliveries due, the one due for longest first", async () => {
      await startIn("b", 30);
      await startIn("c", 20);
      await startIn("a", 40);
      await startIn("b", 10);
      expect(await keys({ now: 35 })).toEqual(["b", "c"]);
      expect(await keys({ now: 100 })).toEqual(["b", "c", "a"]);
    });

    test("returns no more than the limit, and leaves out the exceptions", async () => {
      for (const key of ["a", "b", "c", "d"]) await startIn(key);
      const [a] = await due(t.store);
      expect(await keys({ limit: 2 })).toEqual(["a", "b"]);
      expect(await keys({ limit: 2, except: [a!.id] })).toEqual(["b", "c"]);
      expect(await keys({ limit: 0 })).toEqual([]);
    });

    test("returns the key and the rate that was stored last", async () => {
      for (const ratePerSecond of [25, 12.5]) {
        const destination = { key: "https://hook.eu2.make.com", ratePerSecond };
        await completeWithWebhook(t.store, { destination });
      }
      const [destination, ...others] = await due(t.store);
      expect(destination).toEqual({
        id: expect.any(Number),
        key: "https://hook.eu2.make.com",
        ratePerSecond: 12.5,
        failuresInRow: 0,
      });
      expect(others).toEqual([]);
    });

    test("leaves out destinations whose deliveries are in flight, wait for a retry, or have ended", async () => {
      for (const key of ["a", "b", "c"]) await startIn(key);
      const [, b, c] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(b!, { state: "due", dueAt: 500 }));
      await t.store.recordAttempt(attemptOf(c!, { state: "delivered" }));
      expect(await keys({ now: 499 })).toEqual([]);
      expect(await keys({ now: 500 })).toEqual(["b"]);
    });

    test("returns a destination again after its delivery was released or reaped", async () => {
      await startIn("a");
      await startIn("b");
      const [a] = await claimDue(t.store, { now: 100 });
      await t.store.releaseDeliveries([deliveryClaimOf(a!)]);
      expect(await keys()).toEqual(["a"]);
      await t.store.reap({ owner: "owner_1", now: 101 + LEASE_MS });
      expect((await keys()).toSorted()).toEqual(["a", "b"]);
    });

    test("leaves out a destination whose delivery ended after its lease had expired", async () => {
      await startIn("a");
      await startIn("b");
      const [a, b] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(a!, { state: "delivered" }));
      await t.store.recordAttempt(attemptOf(b!, { state: "due", dueAt: 500 }));
      expect(await keys({ now: 499 })).toEqual([]);
      expect(await t.store.nextDestinationDue({ except: [] })).toBe(500);
    });

    test("returns a destination again when the next delivery with the ordering key is due", async () => {
      const destination = { key: "a", ratePerSecond: null };
      await completeWithWebhook(t.store, { destination });
      for (let sent = 0; sent < 4; sent += 1) {
        expect(await keys()).toEqual(["a"]);
        const [delivery] = await claimDue(t.store);
        expect(await keys()).toEqual([]);
        await t.store.recordAttempt(attemptOf(delivery!, { state: "delivered" }));
      }
      expect(await keys()).toEqual([]);
    });

    test("returns the same destinations after the store was reopened", async () => {
      await startIn("a");
      await startIn("b");
      await t.reopen();
      expect(await keys()).toEqual(["a", "b"]);
    });
  });

  describe("nextDestinationDue", () => {
    test("returns null if nothing is to be delivered", async () => {
      expect(await t.store.nextDestinationDue({ except: [] })).toBeNull();
      await startIn("a");
      await claimDue(t.store);
      expect(await t.store.nextDestinationDue({ except: [] })).toBeNull();
    });

    test("returns the earliest instant of all destinations except the exceptions", async () => {
      await startIn("a");
      await startIn("b");
      const [a, b] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(a!, { state: "due", dueAt: 500 }));
      await t.store.recordAttempt(attemptOf(b!, { state: "due", dueAt: 700 }));
      expect(await t.store.nextDestinationDue({ except: [] })).toBe(500);
      expect(await t.store.nextDestinationDue({ except: [a!.destination] })).toBe(700);
      expect(
        await t.store.nextDestinationDue({ except: [a!.destination, b!.destination] }),
      ).toBeNull();
    });

    test("returns an instant in the past if a destination is due now", async () => {
      await startIn("a", 30);
      expect(await t.store.nextDestinationDue({ except: [] })).toBe(30);
    });
  });

  describe("claimDeliveries with several destinations", () => {
    const subjects = (claimed: readonly { subjectId: string }[]) =>
      claimed.map(({ subjectId }) => subjectId);

    test("claims only from the given destinations, up to each one's limit", async () => {
      const inA = [await startIn("a", 11), await startIn("a", 12), await startIn("a", 13)];
      const inB = [await startIn("b", 5)];
      await startIn("c");
      expect(subjects(await claimIn(["a", "b"], { limit: 2 }))).toEqual([
        ...inA.slice(0, 2),
        ...inB,
      ]);
      expect(await keys()).toEqual(["c", "a"]);
    });

    test("claims first attempts before retries, however long the retries have been due", async () => {
      const retried = await startIn("a", 11);
      const [delivery] = await claimIn(["a"]);
      await t.store.recordAttempt(attemptOf(delivery!, { state: "due", dueAt: 101 }));
      const fresh = [await startIn("a", 400), await startIn("a", 300)];
      const claimed = [];
      for (const limit of [1, 2]) claimed.push(...(await claimIn(["a"], { now: 500, limit })));
      expect(subjects(claimed)).toEqual([...fresh.toReversed(), retried]);
    });

    test("fills the rest of the limit with retries", async () => {
      for (const at of [11, 12, 13]) await startIn("a", at);
      for (const each of await claimIn(["a"], { limit: 2 })) {
        await t.store.recordAttempt(attemptOf(each, { state: "due", dueAt: 101 }));
      }
      expect(await claimIn(["a"], { now: 500, limit: 2 })).toHaveLength(2);
    });

    test("serves due destinations round robin", async () => {
      for (let round = 0; round < 3; round += 1) {
        for (const key of ["a", "b", "c"]) await startIn(key);
      }
      const order: string[] = [];
      for (let served = 0; served < 9; served += 1) {
        // All at one instant: the order must not depend on the clock.
        const [destination] = await due(t.store, { limit: 1 });
        order.push(destination!.key);
        await claimIn([destination!.key]);
      }
      expect(order.join("")).toBe("abcabcabc");
    });

    test("does not delay other destinations because one has a long backlog", async () => {
      for (let i = 0; i < 50; i += 1) await startIn("busy", 11);
      await claimIn(["busy"], { limit: 5, now: 20 });
      await startIn("quiet", 21);
      expect(await keys({ now: 22 })).toEqual(["busy", "quiet"]);
      await claimIn(["busy"], { limit: 5, now: 22 });
      await startIn("other", 22);
      expect(await keys({ now: 22 })).toEqual(["quiet", "other", "busy"]);
    });

    test("keeps the order of service after the store was reopened", async () => {
      for (const key of ["a", "b", "a", "b", "a", "b"]) await startIn(key);
      for (const key of ["a", "b"]) await claimIn([key]);
      await t.reopen();
      expect(await keys()).toEqual(["a", "b"]);
      await claimIn(["a"]);
      expect(await keys()).toEqual(["b", "a"]);
    });

    test("claims bodies up to the bytes allowed, and always at least one", async () => {
      const body = "ü".repeat(500);
      const jobs = [];
      for (let i = 0; i < 3; i += 1) jobs.push(await startIn("a", 11 + i, body));
      const [first] = await claimIn(["a"], { limit: 3, maxBytes: 1 });
      expect(first?.subjectId).toBe(jobs[0]);
      const bytes = Buffer.byteLength(first!.body);
      await t.store.releaseDeliveries([deliveryClaimOf(first!)]);
      expect(await claimIn(["a"], { limit: 3, maxBytes: 2 * bytes })).toHaveLength(2);
      expect(await claimIn(["a"], { limit: 3, maxBytes: 2 * bytes - 1 })).toHaveLength(1);
    });

    test("keeps the place of a destination for which no bytes were left", async () => {
      for (const key of ["a", "a", "b", "b"]) await startIn(key);
      for (const expected of ["a", "b", "a", "b"]) {
        const [destination, ...others] = await keys();
        expect(destination).toBe(expected);
        const claimed = await claimIn([destination!, ...others], { limit: 1, maxBytes: 1 });
        expect(claimed).toHaveLength(1);
      }
    });

    test("claims nothing from an unknown destination", async () => {
      await startIn("a");
      const request = { owner: "owner_1", now: 100, leaseUntil: 200, maxBytes: 1_000 };
      const destinations = [{ id: 999_999, limit: 5 }];
      expect(await t.store.claimDeliveries({ ...request, destinations })).toEqual([]);
    });
  });

  describe("a destination that asks for a pause", () => {
    test("has nothing due before the instant, deliveries that are added later included", async () => {
      await startIn("a");
      await pause("a", 500);
      await startIn("a", 50);
      await startIn("b");
      expect(await keys({ now: 499 })).toEqual(["b"]);
      const destinations = [{ id: await destinationOf("a"), limit: 5 }];
      const request = { owner: "owner_1", leaseUntil: 900, maxBytes: 1_000_000, destinations };
      expect(await t.store.claimDeliveries({ ...request, now: 499 })).toEqual([]);
      expect(await t.store.nextDestinationDue({ except: [await destinationOf("b")] })).toBe(500);
      expect(await keys({ now: 500 })).toEqual(["b", "a"]);
      expect(await t.store.claimDeliveries({ ...request, now: 500 })).toHaveLength(1);
    });

    test("returns the change of the destination, and null for a success that changes nothing", async () => {
      for (const at of [11, 12]) await startIn("a", at);
      const [first, second] = await claimDue(t.store);
      const failure = attemptOf(first!, { state: "due", dueAt: 900 }, asksToWait(393));
      expect(await t.store.recordAttempt(failure)).toMatchObject({
        destination: {
          key: "a",
          before: { failuresInRow: 0 },
          after: { failuresInRow: 1, pausedUntil: 500 },
        },
      });
      const success = attemptOf(second!, { state: "delivered" }, OK);
      expect(await t.store.recordAttempt(success)).toMatchObject({
        destination: {
          before: { failuresInRow: 1 },
          after: { failuresInRow: 0, pausedUntil: 500 },
        },
      });
      await startIn("b");
      const [other] = await claimDue(t.store);
      expect(await t.store.recordAttempt(attemptOf(other!, { state: "delivered" }, OK))).toBeNull();
    });
  });

  describe("an open circuit", () => {
    /** Opens the circuit of "a" at 107 with a first attempt of each of five jobs. */
    async function open(): Promise<void> {
      for (let n = 0; n < 5; n += 1) await startIn("a", 11 + n);
      for (const each of await claimDue(t.store)) {
        await t.store.recordAttempt(attemptOf(each, { state: "due", dueAt: 1_000 }, FAILED));
      }
    }

    test("is in the store: it is still open after the store was reopened", async () => {
      await open();
      await t.reopen();
      expect(await keys({ now: 5_106 })).toEqual([]);
      expect(await due(t.store, { now: 5_107 })).toMatchObject([{ key: "a", failuresInRow: 5 }]);
    });

    test("is probed by one delivery at a time, whatever the limit of the claim is", async () => {
      await open();
      expect(await claimIn(["a"], { now: 5_107, limit: 5 })).toHaveLength(1);
      expect(await keys({ now: 5_108 })).toEqual([]);
    });

    test("is probed by the delivery of the earliest event, and not by every new one", async () => {
      await open();
      for (let n = 0; n < 30; n += 1) await startIn("a", 3_000 + n);
      const seen: (readonly number[])[] = [];
      for (let now = 5_107; seen.length < 4; now += 70_000) {
        const [probe] = await claimIn(["a"], { now });
        const dead = { state: "dead" as const, reason: "r", at: now };
        seen.push([probe!.eventAt, probe!.attempts]);
        await t.store.recordAttempt(attemptOf(probe!, dead, FAILED));
      }
      expect(seen).toEqual([
        [11, 1],
        [12, 1],
        [13, 1],
        [14, 1],
      ]);
    });

    test("is probed by the earliest new delivery while no retry is due", async () => {
      for (let n = 0; n < 5; n += 1) await startIn("a", 11 + n);
      for (const each of await claimDue(t.store)) {
        await t.store.recordAttempt(attemptOf(each, { state: "due", dueAt: 9_000_000 }, FAILED));
      }
      for (const at of [4_000, 3_000]) await startIn("a", at);
      expect(await claimIn(["a"], { now: 5_107 })).toMatchObject([{ eventAt: 3_000 }]);
    });

    test("closes with a successful probe: everything is due again", async () => {
      await open();
      const [probe] = await claimIn(["a"], { now: 5_107 });
      const success = attemptOf(probe!, { state: "delivered", at: 5_107 }, OK);
      expect(await t.store.recordAttempt(success)).toMatchObject({
        destination: { before: { failuresInRow: 5 }, after: { failuresInRow: 0 } },
      });
      expect(await claimIn(["a"], { now: 5_114, limit: 9 })).toHaveLength(4);
    });

    test("is probed again immediately when a probe is released or reaped", async () => {
      await open();
      const [released] = await claimIn(["a"], { now: 5_107 });
      await t.store.releaseDeliveries([deliveryClaimOf(released!)]);
      expect(await claimIn(["a"], { now: 5_108 })).toHaveLength(1);
      await t.store.reap({ owner: "owner_1", now: 5_109 + LEASE_MS });
      expect(await keys({ now: 5_109 + LEASE_MS })).toEqual(["a"]);
    });

    test("is probed again when the lease of the probe has ended", async () => {
      await open();
      await claimIn(["a"], { now: 5_107 });
      expect(await keys({ now: 5_106 + LEASE_MS })).toEqual([]);
      expect(await keys({ now: 5_107 + LEASE_MS })).toEqual(["a"]);
    });
  });

  test("a destination with a rate limit yields its tokens, and is due again with the next one", async () => {
    const destination = { key: "a", ratePerSecond: 4 };
    for (let n = 0; n < 9; n += 1) {
      const webhook = newWebhook({ destination, on: ["started"] });
      await submit(t.store, { webhook });
      const job = await claimOne(t.store);
      await t.store.commitTransition(claimOf(job), beginning(job, 11));
    }
    const claimAll = (now: number) => claimIn(["a"], { now, limit: 9 });
    expect(await claimAll(100)).toHaveLength(4);
    expect(await t.store.nextDestinationDue({ except: [] })).toBe(350);
    await t.reopen();
    expect(await claimAll(349)).toEqual([]);
    expect(await claimAll(350)).toHaveLength(1);
    expect(await claimAll(100_000)).toHaveLength(4);
  });

  describe("destinations", () => {
    test("are listed page by page with their health and backlog, and read by their id", async () => {
      await startIn("a", 11);
      await startIn("a", 12);
      await startIn("b", 13);
      await pause("a", 500);
      const first = await t.store.destinations({ limit: 1, cursor: null });
      expect(first.items).toEqual([
        {
          id: expect.any(String),
          number: await destinationOf("a"),
          key: "a",
          isPersistent: false,
          ratePerSecond: null,
          backlog: 1,
          health: {
            failuresInRow: 1,
            pausedUntil: 500,
            heldSince: 107,
            stoppedSince: null,
            lastError: "status 200",
          },
        },
      ]);
      const [a] = first.items;
      expect(await t.store.destination(a!.id)).toEqual(a);
      expect(await t.store.destinationByKey("a")).toEqual(a);
      const rest = await t.store.destinations({ limit: 5, cursor: first.nextCursor });
      expect(rest).toMatchObject({ items: [{ key: "b" }], nextCursor: null });
      const { items } = await t.store.deliveries({ state: "due" }, FIRST_PAGE);
      expect(items.map(({ health }) => health.heldSince)).toEqual([null, 107]);
    });

    test("are null if they are unknown", async () => {
      for (const id of ["dst_999999", "nonsense"]) expect(await t.store.destination(id)).toBeNull();
      expect(await t.store.destinationByKey("nonsense")).toBeNull();
    });

    test("of a paused webhook say since when", async () => {
      const { id } = await register(t.store);
      await t.store.updateWebhook(id, { state: "paused" }, { now: 70 });
      const stopped = async () => (await t.store.destinations(FIRST_PAGE)).items[0];
      expect(await stopped()).toMatchObject({ isPersistent: true, health: { stoppedSince: 70 } });
      await t.store.updateWebhook(id, { state: "active" }, { now: 80 });
      expect(await stopped()).toMatchObject({ health: { stoppedSince: null } });
    });
  });

  describe("shiftDue", () => {
    test("moves deliveries that are due after the instant, and no others", async () => {
      for (const key of ["a", "b"]) await startIn(key);
      const [a, b] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(a!, { state: "due", dueAt: 500 }));
      await t.store.recordAttempt(attemptOf(b!, { state: "due", dueAt: 150 }));
      await startIn("c", 120);
      await shiftAll(t.store, { now: 200, byMs: -100 });
      const { items } = await t.store.deliveries({}, FIRST_PAGE);
      expect(items.map(({ dueAt }) => dueAt)).toEqual([120, 150, 400]);
      expect(await keys({ now: 399 })).toEqual(["c", "b"]);
      expect(await keys({ now: 400 })).toEqual(["c", "b", "a"]);
    });

    test("moves deliveries in flight, so that they are due immediately when released", async () => {
      await startIn("a", 1_000);
      const [delivery] = await claimDue(t.store, { now: 1_000 });
      await shiftAll(t.store, { now: 100, byMs: -900 });
      await t.store.releaseDeliveries([deliveryClaimOf(delivery!)]);
      expect(await keys({ now: 100 })).toEqual(["a"]);
    });

    test("moves a pause and the instant of last service, of an idle destination too", async () => {
      await startIn("a", 1_000);
      const [delivery] = await claimDue(t.store, { now: 1_000 });
      await t.store.recordAttempt(attemptOf(delivery!, { state: "delivered", at: 1_000 }));
      await shiftAll(t.store, { now: 100, byMs: -900 });
      await startIn("a", 100);
      expect(await keys({ now: 100 })).toEqual(["a"]);
    });
  });

  test("a destination is deleted with its last webhook, and its id is not used again", async () => {
    await startIn("a");
    const first = await destinationOf("a");
    await pause("a", 1_000_000);
    const id = await startIn("b");
    const [delivery] = await claimIn(["b"]);
    await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", reason: "r" }));
    await t.store.commitTransition(
      { jobId: id, fence: 1, owner: "owner_1" },
      { status: "failed", sequence: 1, events: [], endedAt: 20 },
    );
    expect(await prune(t.store, { endedBefore: 200, limit: 10 })).toBe(1);
    await startIn("b");
    expect([first, delivery!.destination]).not.toContain(await destinationOf("b"));
  });
}

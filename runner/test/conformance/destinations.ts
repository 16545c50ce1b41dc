import { describe, expect, test } from "vitest";
import { toJsonText } from "../../src/domain/json-text.ts";
import type { Store } from "../../src/ports/store/store.ts";
import {
  attemptOf,
  beginning,
  claimDue,
  claimOf,
  claimOne,
  completeWithWebhook,
  deliverAll,
  FIRST_PAGE,
  LEASE_MS,
  newWebhook,
  submit,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

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
      await t.store.releaseDeliveries([a!.id]);
      expect(await keys()).toEqual(["a"]);
      await t.store.reap({ owner: "owner_1", now: 101 + LEASE_MS });
      expect((await keys()).toSorted()).toEqual(["a", "b"]);
    });

    test("leaves out a destination whose delivery ended after its lease was lost", async () => {
      await startIn("a");
      await startIn("b");
      const [a, b] = await claimDue(t.store);
      await t.store.releaseDeliveries([a!.id, b!.id]);
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
      await t.store.releaseDeliveries([first!.id]);
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

  describe("pauseDestination", () => {
    test("makes no delivery to the destination due before the instant", async () => {
      await startIn("a");
      await startIn("b");
      const destination = await destinationOf("a");
      await t.store.pauseDestination({ destination, until: 500 });
      expect(await keys({ now: 499 })).toEqual(["b"]);
      const destinations = [{ id: destination, limit: 5 }];
      const request = { owner: "owner_1", leaseUntil: 900, maxBytes: 1_000, destinations };
      expect(await t.store.claimDeliveries({ ...request, now: 499 })).toEqual([]);
      expect(await t.store.nextDestinationDue({ except: [await destinationOf("b")] })).toBe(500);
      expect(await keys({ now: 500 })).toEqual(["b", "a"]);
      expect(await t.store.claimDeliveries({ ...request, now: 500 })).toHaveLength(1);
    });

    test("applies to deliveries that are added later", async () => {
      await startIn("a");
      await t.store.pauseDestination({ destination: await destinationOf("a"), until: 500 });
      await deliverAll(t.store);
      await startIn("a", 50);
      expect(await keys({ now: 499 })).toEqual([]);
    });

    test("shortens the pause with an earlier instant", async () => {
      await startIn("a");
      const destination = await destinationOf("a");
      await t.store.pauseDestination({ destination, until: 500 });
      await t.store.pauseDestination({ destination, until: 200 });
      expect(await keys({ now: 200 })).toEqual(["a"]);
    });

    test("does nothing for an unknown destination", async () => {
      await t.store.pauseDestination({ destination: 999_999, until: 500 });
      await startIn("a");
      expect(await keys()).toEqual(["a"]);
    });
  });

  describe("shiftDue", () => {
    test("moves deliveries that are due after the instant, and no others", async () => {
      for (const key of ["a", "b"]) await startIn(key);
      const [a, b] = await claimDue(t.store);
      await t.store.recordAttempt(attemptOf(a!, { state: "due", dueAt: 500 }));
      await t.store.recordAttempt(attemptOf(b!, { state: "due", dueAt: 150 }));
      await startIn("c", 120);
      await t.store.shiftDue({ now: 200, byMs: -100 });
      const { items } = await t.store.deliveries({}, FIRST_PAGE);
      expect(items.map(({ dueAt }) => dueAt)).toEqual([120, 150, 400]);
      expect(await keys({ now: 399 })).toEqual(["c", "b"]);
      expect(await keys({ now: 400 })).toEqual(["c", "b", "a"]);
    });

    test("moves deliveries in flight, so that they are due immediately when released", async () => {
      await startIn("a", 1_000);
      const [delivery] = await claimDue(t.store, { now: 1_000 });
      await t.store.shiftDue({ now: 100, byMs: -900 });
      await t.store.releaseDeliveries([delivery!.id]);
      await t.store.pauseDestination({ destination: delivery!.destination, until: 0 });
      expect(await keys({ now: 100 })).toEqual(["a"]);
    });

    test("moves a pause and the instant of last service, of an idle destination too", async () => {
      await startIn("a", 1_000);
      const [delivery] = await claimDue(t.store, { now: 1_000 });
      await t.store.recordAttempt(attemptOf(delivery!, { state: "delivered", at: 1_000 }));
      await t.store.shiftDue({ now: 100, byMs: -900 });
      await startIn("a", 100);
      expect(await keys({ now: 100 })).toEqual(["a"]);
    });

    test("moves forward as well", async () => {
      await startIn("a", 300);
      await t.store.pauseDestination({ destination: await destinationOf("a"), until: 500 });
      await t.store.shiftDue({ now: 200, byMs: 1_000 });
      expect(await t.store.nextDestinationDue({ except: [] })).toBe(1_500);
      await t.store.pauseDestination({ destination: await destinationOf("a"), until: 0 });
      expect(await t.store.nextDestinationDue({ except: [] })).toBe(1_300);
    });
  });

  test("a destination is deleted with its last webhook, and its id is not used again", async () => {
    await startIn("a");
    const first = await destinationOf("a");
    await t.store.pauseDestination({ destination: first, until: 1_000_000 });
    const id = await startIn("b");
    const [delivery] = await claimIn(["b"]);
    await t.store.recordAttempt(attemptOf(delivery!, { state: "dead", reason: "r" }));
    await t.store.commitTransition(
      { jobId: id, fence: 1 },
      { status: "failed", sequence: 1, events: [], endedAt: 20 },
    );
    expect(await t.store.pruneJobs({ endedBefore: 50, limit: 10 })).toBe(1);
    await startIn("b");
    expect([first, delivery!.destination]).not.toContain(await destinationOf("b"));
  });
}

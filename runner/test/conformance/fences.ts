/**
 * Two daemons have the same data open. What one writes about a job or delivery that the other has
 * claimed since must change nothing and be reported as lost.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunningJob } from "../../src/domain/job.ts";
import type { ClaimedDelivery } from "../../src/ports/store/deliveries.ts";
import type { Store } from "../../src/ports/store/store.ts";
import {
  beatAt,
  ALL_OUTPUTS,
  attemptOf,
  beginning,
  claim,
  claimDue,
  claimOf,
  claimOne,
  completeWithWebhook,
  deliveryClaimOf,
  failIt,
  LEASE_MS,
  newWebhook,
  start,
  submit,
  unclaimed,
} from "./given.ts";
import type { CreateSubject, Subject } from "./subject.ts";

const LATER = 100 + LEASE_MS + 1;
const FIRST = "owner_1";
const SECOND = "owner_2";

export function fenceConformance(createSubject: CreateSubject): void {
  let subject: Subject;
  let one: Store;
  let two: Store;
  beforeEach(async () => {
    subject = await createSubject();
    one = await subject.open();
    two = await subject.open();
  });
  afterEach(async () => {
    await one.close();
    await two.close();
    await subject.remove();
  });

  const ways = {
    /** The lease expired, and the other daemon claimed: a newer fence of another owner. */
    "taken over": { first: FIRST, last: SECOND, isReaped: true },
    /** The same daemon claimed again after its lease had expired: a newer fence of the same owner. */
    "claimed again": { first: FIRST, last: FIRST, isReaped: true },
    /** The store was restored to before the claim: the same fence of another owner. */
    "given twice": { first: FIRST, last: SECOND, isReaped: false },
  };
  const all = Object.keys(ways) as (keyof typeof ways)[];

  async function loseClaim<Claimed>(
    way: keyof typeof ways,
    take: (store: Store, owner: string, now: number) => Promise<Claimed>,
  ): Promise<{ lost: Claimed; held: Claimed }> {
    const { first, last, isReaped } = ways[way];
    if (!isReaped) {
      const held = await take(two, last, 100);
      return { lost: { ...held, owner: first }, held };
    }
    const lost = await take(one, first, 100);
    await two.reap({ owner: "owner_3", now: LATER });
    return { lost, held: await take(two, last, LATER) };
  }

  describe.each(all)("a claim of a job that was %s", (way) => {
    let lost: RunningJob;
    let held: RunningJob;
    beforeEach(async () => {
      await submit(one, { webhook: newWebhook() });
      ({ lost, held } = await loseClaim(way, (store, owner, now) =>
        claimOne(store, { owner, now }),
      ));
    });
    afterEach(async () => {
      expect(await two.commitTransition(claimOf(held), beginning(held))).toBe(true);
    });

    const stored = () => two.job(held.id, ALL_OUTPUTS);

    test("stores no transition", async () => {
      const before = await stored();
      expect(await one.commitTransition(claimOf(lost), beginning(lost))).toBe(false);
      expect(await stored()).toEqual(before);
      expect((await two.counts()).deliveries.due).toBe(0);
    });

    test.each([true, false])("releases nothing (countsAttempt %s)", async (countsAttempt) => {
      const before = await stored();
      await one.releaseJobs([claimOf(lost)], { countsAttempt });
      expect(await stored()).toEqual(before);
    });

    test("renews nothing, and is returned", async () => {
      const claims = { jobs: [claimOf(lost), claimOf(held)], deliveries: [] };
      const [first] = claims.jobs;
      const until = LATER + 2 * LEASE_MS;
      expect(await one.renewLeases({ ...claims, jobs: [first!] }, { leaseUntil: until })).toEqual({
        jobs: [first],
        deliveries: [],
      });
      await two.renewLeases({ ...claims, jobs: [claimOf(held)] }, { leaseUntil: LATER });
      expect(await one.renewLeases(claims, { leaseUntil: until })).toMatchObject({ jobs: [first] });
      expect(await two.reap({ owner: SECOND, now: until })).toBe(0);
    });
  });

  test("a failed job is queued again only under the claim that was read", async () => {
    await submit(one);
    const job = await start(one, await claimOne(one, { owner: FIRST }));
    await failIt(one, job);
    const read = unclaimed(job.id, job.fence);
    expect(await two.requeueJob({ ...read, owner: FIRST }, { now: 50 })).toBe(false);
    expect(await two.requeueJob(read, { now: 50 })).toBe(true);
    expect(await one.requeueJob(read, { now: 50 })).toBe(false);
  });

  test("a running job can be failed by a daemon that has read its claim, and its owner is refused", async () => {
    await submit(one);
    const job = await start(one, await claimOne(one, { owner: FIRST }));
    const read = await two.job(job.id);
    expect(read).toMatchObject({ fence: job.fence, owner: FIRST });
    await failIt(two, job);
    expect(
      await one.renewLeases({ jobs: [claimOf(job)], deliveries: [] }, { leaseUntil: LATER }),
    ).toEqual({ jobs: [claimOf(job)], deliveries: [] });
    await one.releaseJobs([claimOf(job)], { countsAttempt: false });
    expect(await two.job(job.id)).toMatchObject({ status: "failed", owner: null });
  });

  describe.each(all)("a claim of a delivery that was %s", (way) => {
    let lost: ClaimedDelivery;
    let held: ClaimedDelivery;
    beforeEach(async () => {
      await completeWithWebhook(one);
      ({ lost, held } = await loseClaim(way, async (store, owner, now) => {
        const [delivery] = await claimDue(store, { owner, now, limit: 1 });
        return delivery!;
      }));
    });
    afterEach(async () => {
      expect(
        await two.recordAttempt(attemptOf(held, { state: "delivered", at: LATER })),
      ).toBeNull();
      expect(await stored()).toMatchObject({ state: "delivered", attempts: 1 });
    });

    const stored = () => two.delivery(held.id);
    const isHeld = async () => (await claimDue(two, { now: LATER, owner: SECOND })).length === 0;

    test.each(["delivered", "due", "dead"] as const)("records no attempt: %s", async (state) => {
      const before = await stored();
      const outcome = attemptOf(lost, { state, dueAt: LATER, reason: "r", at: LATER });
      expect(await one.recordAttempt(outcome)).toBe("lost");
      expect(await stored()).toEqual(before);
      expect(await isHeld()).toBe(true);
    });

    test("releases nothing", async () => {
      await one.releaseDeliveries([deliveryClaimOf(lost)]);
      expect(await isHeld()).toBe(true);
    });

    test("renews nothing, and is returned", async () => {
      const [first, second] = [lost, held].map(deliveryClaimOf);
      const leaseUntil = LATER + 2 * LEASE_MS;
      const renew = (store: Store, claims: (typeof first)[], until: number) =>
        store.renewLeases(
          { jobs: [], deliveries: claims.map((each) => each!) },
          { leaseUntil: until },
        );
      expect(await renew(two, [second], LATER)).toEqual({ jobs: [], deliveries: [] });
      expect(await renew(one, [first], leaseUntil)).toEqual({ jobs: [], deliveries: [first] });
      await two.reap({ owner: SECOND, now: LATER + 1 });
      expect(await claimDue(two, { now: LATER, owner: SECOND })).toHaveLength(1);
      // The lease had not been renewed; the delivery is claimed a last time for `afterEach`.
      held = { ...held, fence: held.fence + 1, owner: SECOND };
    });
  });

  test("an attempt that is recorded again under its claim is stored once, and is not lost", async () => {
    await completeWithWebhook(one);
    const [delivery] = await claimDue(one, { limit: 1 });
    const outcome = attemptOf(delivery!, { state: "due", dueAt: 500 });
    expect(await one.recordAttempt(outcome)).toBeNull();
    expect(await one.recordAttempt(outcome)).toBeNull();
    expect(await two.delivery(delivery!.id)).toMatchObject({ attempts: 1 });
    const [again] = await claimDue(two, { now: 500, owner: SECOND });
    expect(await one.recordAttempt(outcome)).toBe("lost");
    expect(await two.recordAttempt(attemptOf(again!, { state: "delivered", at: 500 }))).toBeNull();
  });

  test("a job whose plugin one daemon does not have is claimed by the one that has it", async () => {
    const { id } = await submit(one);
    expect(await claim(one, { owner: FIRST, plugins: ["second"] })).toEqual([]);
    expect(await two.job(id)).toMatchObject({ waitingFor: { kind: "plugin", on: "first" } });
    const claimed = await claim(two, { owner: SECOND, plugins: ["first"] });
    expect(claimed.map((job) => [job.id, job.owner])).toEqual([[id, SECOND]]);
    expect(await one.job(id)).toMatchObject({ status: "running", waitingFor: null });
  });

  test("what a daemon has that was silent for too long is released, jobs and deliveries", async () => {
    await one.beat(beatAt(10, { owner: FIRST, until: 40 }));
    await completeWithWebhook(one);
    const [delivery] = await claimDue(one, { limit: 1, owner: FIRST });
    await submit(one);
    const job = await claimOne(one, { owner: FIRST, now: 10 });
    expect(await two.reap({ owner: SECOND, now: 40 })).toBe(0);
    expect(await two.reap({ owner: SECOND, now: 41 })).toBe(1);
    const claims = { jobs: [claimOf(job)], deliveries: [deliveryClaimOf(delivery!)] };
    expect(await one.renewLeases(claims, { leaseUntil: 100 })).toEqual(claims);
    expect(await two.beat(beatAt(41, { owner: SECOND }))).toEqual([]);
  });

  test("of two values that are added under one key at the same time, both stores return the first", async () => {
    const added = await Promise.all([one.addMeta("key", "a"), two.addMeta("key", "b")]);
    expect(new Set(added)).toEqual(new Set([await one.meta("key")]));
    expect(await one.addMeta("key", "c")).toBe(added[0]);
    await two.setMeta("key", "d");
    expect(await one.addMeta("key", "c")).toBe("d");
  });

  test("two daemons learn each other's plugins", async () => {
    const until = 40;
    expect(await one.beat(beatAt(10, { owner: FIRST, until, plugins: ["a", "b"] }))).toEqual([]);
    const second = { owner: SECOND, until, plugins: ["b", "c"] };
    expect(await two.beat(beatAt(10, second))).toEqual(["a", "b"]);
    expect(await one.beat(beatAt(40, { owner: FIRST, until: 70, plugins: ["a"] }))).toEqual([
      "b",
      "c",
    ]);
    expect(await two.beat(beatAt(41, second))).toEqual(["a"]);
    expect(await one.beat(beatAt(42, { owner: FIRST, until: 70 }))).toEqual([]);
  });

  test("a lease that another daemon has is released only when it has expired", async () => {
    await submit(one);
    await claimOne(one, { owner: FIRST, now: 10 });
    expect(await two.reap({ owner: SECOND, now: 10 + LEASE_MS })).toBe(0);
    expect(await two.reap({ owner: SECOND, now: 11 + LEASE_MS })).toBe(1);
  });
}

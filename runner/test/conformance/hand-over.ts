/** A write can claim what it makes due, for the daemon that makes it. */
import { describe, expect, test } from "vitest";
import type { RunningJob } from "../../src/domain/job.ts";
import type { ClaimedDelivery, HandedOver, HandOver } from "../../src/ports/store/deliveries.ts";
import type { Store } from "../../src/ports/store/store.ts";
import {
  asksToWait,
  attemptOf,
  beginning,
  claim,
  claimDue,
  claimOf,
  claimOne,
  completing,
  deliveriesOf,
  deliveryClaimOf,
  LEASE_MS,
  newJob,
  newWebhook,
  register,
  roomFor,
  start,
  submit,
  unclaimed,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const ROOM = roomFor("owner_1");
const DELIVERED = { state: "delivered" } as const;

async function claimWithWebhook(
  store: Store,
  webhook: Parameters<typeof newWebhook>[0] = {},
): Promise<RunningJob> {
  await submit(store, { webhook: newWebhook(webhook) });
  return claimOne(store);
}

async function startWithRoom(store: Store, job: RunningJob, room = ROOM): Promise<HandedOver> {
  const result = await store.commitTransition(claimOf(job), beginning(job), room);
  if (typeof result === "boolean") throw new Error(`The transition returned ${result}.`);
  return result;
}

async function firstOf(store: Store, job: RunningJob): Promise<ClaimedDelivery> {
  const [delivery] = (await startWithRoom(store, job)).deliveries;
  if (delivery === undefined) throw new Error("Nothing was handed over.");
  return delivery;
}

export function handOverConformance(createSubject: CreateSubject): void {
  const given = useStore(createSubject);

  test("an event's delivery is handed over as a claim would return it", async () => {
    const { store } = given;
    const { deliveries, isMoreDue } = await startWithRoom(store, await claimWithWebhook(store));
    const [delivery] = deliveries as [ClaimedDelivery];
    expect(deliveries.length).toBe(1);
    expect(isMoreDue).toBe(false);
    expect(await claimDue(store)).toEqual([]);
    await store.releaseDeliveries([deliveryClaimOf(delivery)]);
    const [claimed] = await claimDue(store);
    expect({ ...delivery, fence: 0 }).toEqual({ ...claimed, fence: 0 });
    expect(claimed?.fence).toBeGreaterThan(delivery.fence);
  });

  test("the next event of the ordering key is handed over when the one before it was delivered", async () => {
    const { store } = given;
    const job = await claimWithWebhook(store);
    const first = await firstOf(store, job);
    const { transition } = completing({ ...job, sequence: 1 });
    const committed = await store.commitTransition(claimOf(job), transition, ROOM);
    expect(committed).toEqual({ deliveries: [], isMoreDue: false });
    const recorded = await store.recordAttempt(attemptOf(first, DELIVERED), ROOM);
    expect(recorded).toMatchObject({
      destination: null,
      handedOver: { deliveries: [{ sequence: 2, body: transition.events[0]?.body }] },
    });
    expect(await claimDue(store)).toEqual([]);
  });

  test("after the last event of a key nothing more is due", async () => {
    const { store } = given;
    const first = await firstOf(store, await claimWithWebhook(store));
    const recorded = await store.recordAttempt(attemptOf(first, DELIVERED), ROOM);
    expect(recorded).toMatchObject({ handedOver: { deliveries: [], isMoreDue: false } });
  });

  test("a failed attempt hands nothing over", async () => {
    const { store } = given;
    const job = await claimWithWebhook(store);
    const first = await firstOf(store, job);
    await store.commitTransition(claimOf(job), completing({ ...job, sequence: 1 }).transition);
    const dead = attemptOf(first, { state: "dead", reason: "It answered 400." });
    expect(await store.recordAttempt(dead, ROOM)).not.toMatchObject({
      handedOver: expect.anything(),
    });
    expect((await claimDue(store)).map(({ sequence }) => sequence)).toEqual([2]);
  });

  describe("leaves a delivery to be claimed", () => {
    async function expectLeft(room: HandOver = ROOM, job?: RunningJob): Promise<void> {
      const { store } = given;
      const running = job ?? (await claimWithWebhook(store));
      expect(await startWithRoom(store, running, room)).toEqual({
        deliveries: [],
        isMoreDue: true,
      });
    }

    async function attemptBefore(outcome: Parameters<typeof attemptOf>[2]): Promise<void> {
      const { store } = given;
      const first = await firstOf(store, await claimWithWebhook(store));
      await store.recordAttempt(attemptOf(first, { state: "due", dueAt: 50_000 }, outcome));
    }

    test("without room for one", () => expectLeft({ ...ROOM, limit: 0 }));
    test("with a body that is too large", () => expectLeft({ ...ROOM, maxBytes: 20 }));
    test("whose event is later than the caller's clock", () => expectLeft({ ...ROOM, now: 5 }));

    test("whose destination has no room", async () => {
      const { store } = given;
      const job = await claimWithWebhook(store);
      const { destination } = await firstOf(store, await claimWithWebhook(store));
      await expectLeft({ ...ROOM, except: [destination] }, job);
    });

    test("whose destination has a rate", async () => {
      const destination = { key: "http://slow", ratePerSecond: 5 };
      await expectLeft(ROOM, await claimWithWebhook(given.store, { destination }));
    });

    test("whose destination has failed", async () => {
      await attemptBefore({ kind: "failed", pauseMs: 0 });
      await expectLeft();
    });

    test("whose destination is paused", async () => {
      await attemptBefore(asksToWait(60_000));
      await expectLeft();
    });

    test("behind another one of its destination that is due", async () => {
      const { store } = given;
      await start(store, await claimWithWebhook(store));
      await expectLeft();
    });

    test("of a persistent webhook that is paused", async () => {
      const { store } = given;
      const { id } = await register(store);
      await submit(store);
      const job = await claimOne(store);
      await store.updateWebhook(id, { state: "paused" }, { now: 50 });
      await expectLeft(ROOM, job);
    });
  });

  test("what a daemon did not live to send is released when its lease expires", async () => {
    const { store } = given;
    const delivery = await firstOf(store, await claimWithWebhook(store));
    const later = ROOM.leaseUntil + 1;
    await store.reap({ owner: "owner_1", now: later });
    const [again] = await claimDue(store, { now: later });
    expect(again?.id).toBe(delivery.id);
    expect(await store.recordAttempt(attemptOf(delivery, DELIVERED))).toBe("lost");
  });

  test("a submitted job is handed over as running, and a claim does not return it", async () => {
    const { store } = given;
    const job = newJob({ createdAt: 10, runAt: 10 });
    const handOver = { owner: "owner_1", leaseUntil: 10 + LEASE_MS };
    const outcome = await store.submitJob(job, { ...UNLIMITED, handOver });
    const { status, fence, owner, stepAttempts, startedAt } = (await store.job(job.id))!;
    expect(outcome).toEqual({ kind: "accepted", claim: { jobId: job.id, fence, owner } });
    expect({ status, owner, stepAttempts, startedAt }).toEqual({
      status: "running",
      owner: "owner_1",
      stepAttempts: 1,
      startedAt: 10,
    });
    expect(await claim(store)).toEqual([]);
    await store.releaseJobs([{ jobId: job.id, fence, owner }], { countsAttempt: false });
    expect(await store.job(job.id)).toMatchObject({ status: "queued", startedAt: null });
    expect(await claimOne(store)).toMatchObject({ id: job.id, stepAttempts: 1 });
  });

  test.each([
    ["behind one that is ready", { before: {} }],
    ["that is scheduled for later", { job: { runAt: 50 } }],
  ])("a job %s is queued", async (_, { before, job }: { before?: object; job?: object }) => {
    const { store } = given;
    if (before !== undefined) await submit(store, before);
    const submitted = newJob(job);
    const handOver = { owner: "owner_1", leaseUntil: LEASE_MS };
    const outcome = await store.submitJob(submitted, { ...UNLIMITED, handOver });
    expect(outcome).toEqual({ kind: "accepted" });
    expect(await store.job(submitted.id)).toMatchObject({ status: "queued" });
  });

  test("a lost claim hands nothing over", async () => {
    const { store } = given;
    const job = await claimWithWebhook(store);
    const result = await store.commitTransition(unclaimed(job.id), beginning(job), ROOM);
    expect(result).toBe(false);
    expect(await deliveriesOf(store)).toEqual([]);
  });
}

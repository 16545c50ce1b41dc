/** A job's trace is stored with it, and comes with each of its deliveries. */
import { expect, test } from "vitest";
import type { TraceContext } from "../../src/domain/trace-context.ts";
import {
  attemptOf,
  beginning,
  callbackEvent,
  claimDue,
  claimOf,
  claimOne,
  completeNext,
  completing,
  failIt,
  newBatch,
  newJob,
  newWebhook,
  roomFor,
  start,
  submit,
  unclaimed,
  UNLIMITED,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const ROOM = roomFor("owner_1");
const TRACE = trace("1");
const OTHER = trace("2");

function trace(digit: string): TraceContext {
  const traceparent = `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;
  return { traceparent, tracestate: "vendor=a b,other=c" };
}

export function traceConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  test("a job has its trace when it is claimed, and when it is read", async () => {
    const { id } = await submit(t.store, { trace: TRACE });
    expect((await t.store.jobState(id))?.trace).toEqual(TRACE);
    expect((await t.store.job(id))?.spec.trace).toEqual(TRACE);
    expect((await claimOne(t.store)).trace).toEqual(TRACE);
  });

  test("a job without a trace has none", async () => {
    const { id } = await submit(t.store, { webhook: newWebhook() });
    const job = await claimOne(t.store);
    await start(t.store, job);
    const [delivery] = await claimDue(t.store);
    for (const each of [await t.store.jobState(id), job, delivery]) {
      expect(each).not.toHaveProperty("trace");
    }
  });

  test("each delivery has the trace of its job, handed over or claimed", async () => {
    await submit(t.store, { webhook: newWebhook(), trace: TRACE });
    const job = await claimOne(t.store);
    const started = await t.store.commitTransition(claimOf(job), beginning(job), ROOM);
    const [first] = typeof started === "boolean" ? [] : started.deliveries;
    // A store need not hand anything over.
    const delivery = first ?? (await claimDue(t.store, { now: 100 }))[0];
    expect(delivery?.trace).toEqual(TRACE);
    const { transition } = completing({ ...job, sequence: 1 });
    await t.store.commitTransition(claimOf(job), transition);
    const recorded = await t.store.recordAttempt(
      attemptOf(delivery!, { state: "delivered" }),
      ROOM,
    );
    const next = typeof recorded === "object" ? recorded?.handedOver?.deliveries[0] : undefined;
    expect((next ?? (await claimDue(t.store, { now: 100 }))[0])?.trace).toEqual(TRACE);
  });

  test("a claimed delivery has the trace of its job", async () => {
    await submit(t.store, { webhook: newWebhook(), trace: TRACE });
    await start(t.store, await claimOne(t.store));
    expect((await claimDue(t.store)).map((delivery) => delivery.trace)).toEqual([TRACE]);
  });

  test("a batch's callback has the trace of its first job", async () => {
    const jobs = [newJob({ trace: TRACE }), newJob({ trace: OTHER })];
    const batch = newBatch(jobs, { webhook: newWebhook() });
    await t.store.submitBatch(batch, UNLIMITED);
    await completeNext(t.store);
    await completeNext(t.store);
    await t.store.endBatch(batch.id, callbackEvent(90));
    const due = await claimDue(t.store, { now: 90 });
    expect(due.map(({ kind, trace: its }) => [kind, its])).toEqual([["batch", TRACE]]);
  });

  test("a job that is queued again goes on with the trace of that request, if it has one", async () => {
    const { id } = await submit(t.store, { trace: TRACE });
    await failIt(t.store, await start(t.store, await claimOne(t.store)));
    const { fence } = (await t.store.jobState(id))!;
    await t.store.requeueJob(unclaimed(id, fence), { now: 40 });
    const again = await claimOne(t.store, { now: 40 });
    expect(again.trace).toEqual(TRACE);
    await failIt(t.store, again, 50);
    const failed = (await t.store.jobState(id))!;
    await t.store.requeueJob(unclaimed(id, failed.fence), { now: 60, trace: OTHER });
    expect((await claimOne(t.store, { now: 60 })).trace).toEqual(OTHER);
  });
}

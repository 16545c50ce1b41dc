/** Fills a store with rows in every table and in every state, using only the port. */
import { NULL_JSON, toJsonText } from "../../src/domain/json-text.ts";
import type { Store } from "../../src/ports/store/store.ts";
import {
  attemptOf,
  beginning,
  claimDue,
  claimOf,
  claimOne,
  complete,
  completeNext,
  completeOne,
  deliverAll,
  failIt,
  newJob,
  newWebhook,
  register,
  start,
  submit,
  submitBatch,
} from "../conformance/given.ts";

/** The ids of what was stored. */
export interface Filled {
  readonly completed: string;
  readonly failed: string;
  readonly running: string;
  readonly queued: string;
  readonly waiting: string;
  readonly scheduled: string;
  readonly openBatch: string;
  readonly endedBatch: string;
  readonly activeWebhook: string;
  readonly pausedWebhook: string;
  readonly offWebhook: string;
}

export async function fillStore(store: Store): Promise<Filled> {
  await store.setMeta("vault-check", "sealed");
  await store.beat({ now: 1, maxGapMs: 10 });
  await store.beat({ now: 100, maxGapMs: 10 });
  const active = await register(store, { plugins: ["first"], jobName: "report" });
  const paused = await register(store, { on: ["completed"] });
  await store.updateWebhook(paused.id, { state: "paused" }, { now: 5 });
  const off = await register(store);
  await store.updateWebhook(off.id, { state: "off", reason: "It answered 410." }, { now: 5 });

  const endedBatch = await fillBatch(store, "batch_ended");
  for (const _ of endedBatch.jobs) await completeNext(store);
  await store.endBatch(endedBatch.id, { at: 40, body: toJsonText({ status: "completed" }) });

  const completed = await submit(store, {
    name: "report",
    webhook: newWebhook(),
    idempotency: { key: "key", fingerprint: "print" },
  });
  await completeNext(store);
  await deliverAll(store);
  await store.appendLogs(completed.id, [
    { step: 0, at: 15, level: "info", message: "counted", data: toJsonText({ words: 3 }) },
  ]);

  const failed = await submit(store, { webhook: newWebhook() });
  await failIt(store, await start(store, await claimOne(store)));
  await spreadDeliveries(store);

  const openBatch = await fillBatch(store, "batch_open");
  await completeNext(store);
  const waiting = await submit(store, {
    priority: 10,
    plugins: [{ name: "missing", options: NULL_JSON }],
  });
  const running = await submit(store, { priority: 9, webhook: newWebhook({ on: ["failed"] }) });
  const claimed = await claimOne(store, { plugins: ["first", "second"] });
  await store.commitTransition(claimOf(claimed), beginning(claimed));
  await completeOne(store, { ...claimed, sequence: 1 });
  const queued = await submit(store, { name: "report" });
  const scheduled = await submit(store, { runAt: 1_000_000 });
  return {
    completed: completed.id,
    failed: failed.id,
    running: running.id,
    queued: queued.id,
    waiting: waiting.id,
    scheduled: scheduled.id,
    openBatch: openBatch.id,
    endedBatch: endedBatch.id,
    activeWebhook: active.id,
    pausedWebhook: paused.id,
    offWebhook: off.id,
  };
}

function fillBatch(store: Store, id: string) {
  const webhook = newWebhook({ destination: { key: `http://${id}.test`, ratePerSecond: null } });
  return submitBatch(store, [newJob(), newJob()], { id, webhook });
}

/** Leaves one delivery dead, the one behind it waiting for its retry, and a third in flight. */
async function spreadDeliveries(store: Store): Promise<void> {
  for (const delivery of await claimDue(store)) {
    await store.recordAttempt(attemptOf(delivery, { state: "dead", reason: "It answered 400." }));
  }
  for (const delivery of await claimDue(store, { now: 200 })) {
    await store.recordAttempt(attemptOf(delivery, { state: "due", dueAt: 5_000 }));
  }
  await complete(store, {
    webhook: newWebhook({ destination: { key: "http://b", ratePerSecond: 2 } }),
  });
  await claimDue(store, { now: 200 });
}

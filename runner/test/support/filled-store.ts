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
  completing,
  deliverAll,
  failIt,
  newJob,
  newKey,
  newWindow,
  newWebhook,
  register,
  retrying,
  start,
  submit,
  submitBatch,
} from "../conformance/given.ts";

import { fire, placeOf, runAt, save, slotAt } from "../conformance/given-schedules.ts";
import { DAEMON } from "./daemon-identity.ts";

/** The ids of what was stored. */
export interface Filled {
  readonly completed: string;
  readonly failed: string;
  readonly running: string;
  readonly queued: string;
  readonly waiting: string;
  readonly scheduled: string;
  readonly debounced: string;
  readonly openBatch: string;
  readonly endedBatch: string;
  readonly activeWebhook: string;
  readonly pausedWebhook: string;
  readonly offWebhook: string;
}

const BEAT = { owner: "owner_1", identity: DAEMON, until: 200, plugins: ["first"], maxGapMs: 10 };

export async function fillStore(store: Store): Promise<Filled> {
  await store.setMeta("vault-check", "sealed");
  await store.beat({ ...BEAT, now: 1 });
  await store.beat({ ...BEAT, now: 100 });
  await store.addStats([
    { series: "minute", at: 0, key: "", counts: { completed: 1, "wait.3": 1 } },
    { series: "plugin", at: 0, key: "first", counts: { runs: 1, "duration.9": 1 } },
  ]);
  await submit(store);
  await completeNext(store, 12);
  await store.removePayloads({ now: 13, endedBefore: 13, limit: 1, after: null });
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
    tags: ["customer:7", "nightly"],
    webhook: newWebhook(),
    idempotency: { key: "key", fingerprint: "print" },
  });
  await completeNext(store);
  await deliverAll(store);
  await store.appendLogs(completed.id, [
    { step: 0, at: 15, level: "info", message: "counted", data: toJsonText({ words: 3 }) },
  ]);

  const failed = await submit(store, { webhook: newWebhook() });
  const first = await start(store, await claimOne(store));
  await store.commitTransition(claimOf(first), retrying(first, { at: 30, retryMs: 0 }));
  await failIt(store, await claimOne(store, { now: 30 }));
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
  await fillBulkActs(store);
  await submit(store);
  await fillFiles(store);
  const queued = await submit(store, { name: "report", files: ["file_upload"] });
  const key = newKey("customer-7", { span: "ttl", ttlMs: 1_000 });
  const scheduled = await submit(store, { runAt: 1_000_000, key });
  await submit(store, { key, idempotency: { key: "joined", fingerprint: "a" } });
  const debounced = await submit(store, {
    runAt: 90_000,
    key: newWindow("customer-7", { until: 100_000, collect: "/items" }),
  });
  // Its step has a limit, and no claim has looked yet whether a slot is free.
  await submit(store, {
    limits: [{ name: "first", key: "a" }, null],
    declaredLimits: [{ name: "first", concurrency: null, keyConcurrency: 1 }],
  });
  await store.pauseLimit({
    name: "first",
    key: "b",
    until: null,
    isSpan: false,
    keepsLonger: false,
    by: "operator",
    now: 40,
  });
  await fillSchedules(store);
  await store.addSession(
    { id: "0a", tokenName: null, token: "0b", expiresAt: 90 },
    { now: 40, maxSessions: 1 },
  );
  await store.setSecret({ name: "API_KEY", sealed: "v2:x" }, { now: 40, maxSecrets: 1 });
  return {
    completed: completed.id,
    failed: failed.id,
    running: running.id,
    queued: queued.id,
    waiting: waiting.id,
    scheduled: scheduled.id,
    debounced: debounced.id,
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

/** One that a client uploaded and a job names, and one that a job wrote. */
async function fillFiles(store: Store): Promise<void> {
  const file = { name: "people.csv", type: "text/csv", size: 6, sha256: "ab".repeat(32) };
  await store.createFile({ ...file, id: "file_upload", createdAt: 20, expiresAt: 900 });
  const job = await start(store, await claimOne(store));
  const { transition } = completing(job);
  const written = { ...file, id: "file_written", name: "copy.csv", createdAt: 30 };
  await store.commitTransition(claimOf(job), { ...transition, files: [written] });
}

/** One whose job has not ended, with a slot that waits and one that was missed, and one that is paused. */
async function fillSchedules(store: Store): Promise<void> {
  await save(store, "nightly", { overlap: "buffer-one" });
  const missed = { state: "missed", reason: "late", detail: "It was late." } as const;
  const passed = [{ ...slotAt(1_000), ...missed }];
  await fire(store, "nightly", { passed, run: runAt(2_000), next: slotAt(3_000) });
  await fire(store, "nightly");
  const paused = await save(store, "paused");
  const change = { state: "paused", passed: [], next: paused.next, now: 5 } as const;
  await store.setScheduleState(placeOf(paused), change);
}

/** One that runs, and one that has ended. */
async function fillBulkActs(store: Store): Promise<void> {
  const bulk = {
    act: "retry",
    dryRun: false,
    by: "console",
    filter: { status: ["failed"] },
    phase: "counting",
    cursor: null,
    pending: [],
    matched: 0,
    createdAt: 50,
  } as const;
  for (const id of ["bulk_running", "bulk_ended"]) {
    await store.createBulkAct({ ...bulk, id }, { maxRunning: 2 });
  }
  await store.abortBulkAct("bulk_ended", { now: 60 });
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

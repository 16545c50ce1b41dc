/**
 * `npm run bench -- slices [--size N]` measures what changes many rows: 200,000 unless `--size` says
 * otherwise. Beside each act, jobs are submitted one after another; their p99 is what a client waits
 * for a 202 because of the act. The stores of the acts are those of a daemon, without its HTTP.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fail } from "../src/domain/job.ts";
import type { Store } from "../src/ports/store/store.ts";
import type { NewWebhook } from "../src/ports/store/webhooks.ts";
import { createSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { quantile, type Figure } from "./figures.ts";
import { newJob } from "./preload.ts";

const GROUP = 5_000;
const LIMITS = { maxQueued: 10_000_000 };
const HOUR_MS = 60 * 60_000;
const BASELINE_MS = 5_000;
const BETWEEN_SUBMITS_MS = 2;
/** As the engine's loops do. */
const BETWEEN_SLICES_MS = 5;
const WEBHOOKS = ["wh_off", "wh_removed", "wh_kept"] as const;

/** Makes one slice. False when nothing is left. */
type Slice = () => Promise<boolean>;

export async function benchSlices(size: number): Promise<{ figures: readonly Figure[] }> {
  const root = await mkdtemp(join(tmpdir(), "bench-slices-"));
  const store = await createSqliteStore({ path: join(root, "playground.db") });
  const figures: Figure[] = [];
  try {
    const now = Date.now();
    await fillDeliveries(store, { size, at: now + 2 * HOUR_MS });
    await fillScheduled(store, { size, runAt: now + HOUR_MS });
    const acts: Readonly<Record<string, Slice>> = {
      "nothing else": waitSlice(),
      [`set the clock back, ${3 * size} deliveries`]: shiftSlice(store, now),
      [`give up ${size} deliveries`]: offSlice(store, now),
      [`recover ${size} deliveries`]: recoverSlice(store, now),
      [`remove a webhook with ${size} deliveries`]: removeSlice(store, now),
      [`retention, ${size} jobs that may not be deleted`]: retentionSlice(store, now),
      [`wake ${size} scheduled jobs`]: wakeSlice(store, now + HOUR_MS),
    };
    for (const [name, slice] of Object.entries(acts))
      figures.push(...(await measure(store, name, slice)));
    await store.removeWebhook("wh_kept");
    await store.removeWebhook("wh_off");
    while (await store.clearWebhooks({ now }));
    const payloads = `remove the payloads of ${size} jobs`;
    figures.push(...(await measure(store, payloads, payloadSlice(store, now))));
    const name = `retention, ${size} jobs to delete`;
    figures.push(...(await measure(store, name, retentionSlice(store, now))));
    return { figures };
  } finally {
    await store.close();
    await rm(root, { recursive: true, force: true });
  }
}

async function measure(store: Store, name: string, slice: Slice): Promise<Figure[]> {
  const latencies: number[] = [];
  const act = { isOver: false, longestMs: 0 };
  const submitting = (async () => {
    while (!act.isOver) {
      const from = performance.now();
      await store.submitJob(newJob("probe"), LIMITS);
      latencies.push(performance.now() - from);
      await sleep(BETWEEN_SUBMITS_MS);
    }
  })();
  const from = performance.now();
  for (let more = true; more; await sleep(BETWEEN_SLICES_MS)) {
    const before = performance.now();
    more = await slice();
    act.longestMs = Math.max(act.longestMs, performance.now() - before);
  }
  const tookMs = performance.now() - from;
  act.isOver = true;
  await submitting;
  return [
    { name: `${name}: time`, value: tookMs, unit: "ms" },
    { name: `${name}: longest slice`, value: act.longestMs, unit: "ms" },
    { name: `${name}: 202, p50`, value: quantile(latencies, 0.5), unit: "ms" },
    { name: `${name}: 202, p99`, value: quantile(latencies, 0.99), unit: "ms" },
  ];
}

/** Jobs that failed, each with one event for each of the webhooks, due from `at` on. */
async function fillDeliveries(store: Store, { size, at }: { size: number; at: number }) {
  for (const id of WEBHOOKS) await store.registerWebhook(toWebhook(id), { maxWebhooks: 10 });
  for (let from = 0; from < size; from += GROUP) {
    const jobs = Array.from({ length: Math.min(GROUP, size - from) }, () => newJob("failed"));
    await Promise.all(jobs.map((job) => store.submitJob(job, LIMITS)));
    await Promise.all(
      jobs.map((job, index) => {
        const failure = { code: "CANCELLED", message: "It was cancelled." } as const;
        const end = { completedCount: 0, failure, at: at + from + index, attempts: 0 };
        const transition = fail({ ...job, sequence: 0 }, end, { jobUrl: "http://127.0.0.1/" });
        const claim = { jobId: job.id, fence: 0, owner: null };
        return store.commitTransition(claim, transition);
      }),
    );
  }
}

function toWebhook(id: string): NewWebhook {
  const limits = { retries: 5, timeoutMs: 30_000, ratePerSecond: null, expiresAt: null };
  const filter = { on: null, plugins: null, jobName: null };
  const url = "http://127.0.0.1:9/";
  return { id, identity: id, url, sealed: "", ...filter, ...limits, createdAt: 0 };
}

async function fillScheduled(store: Store, { size, runAt }: { size: number; runAt: number }) {
  for (let from = 0; from < size; from += GROUP) {
    const jobs = Array.from({ length: Math.min(GROUP, size - from) }, () => newJob("scheduled"));
    await Promise.all(jobs.map((job) => store.submitJob({ ...job, runAt }, LIMITS)));
  }
}

function waitSlice(): Slice {
  let endAt: number | null = null;
  return async () => performance.now() < (endAt ??= performance.now() + BASELINE_MS);
}

function shiftSlice(store: Store, now: number): Slice {
  let after: string | null = null;
  return async () => (after = await store.shiftDue({ now, byMs: -HOUR_MS, after })) !== null;
}

function offSlice(store: Store, now: number): Slice {
  let isOff = false;
  return async () => {
    if (isOff) return store.clearWebhooks({ now });
    isOff = true;
    await store.updateWebhook("wh_off", { state: "off", reason: "gone" }, { now });
    return true;
  };
}

function recoverSlice(store: Store, now: number): Slice {
  let isOn = false;
  return async () => {
    if (!isOn) await store.updateWebhook("wh_off", { state: "active" }, { now });
    isOn = true;
    const request = { destination: "wh_off", since: 0, limit: 200, now };
    return (await store.recoverDeliveries(request)).more;
  };
}

function removeSlice(store: Store, now: number): Slice {
  let isRemoved = false;
  return async () => {
    if (isRemoved) return store.clearWebhooks({ now });
    isRemoved = true;
    return store.removeWebhook("wh_removed");
  };
}

function payloadSlice(store: Store, now: number): Slice {
  const before = now + 10 * HOUR_MS;
  let after: string | null = null;
  return async () => {
    const request = { now: before, endedBefore: before, limit: 50, after };
    const { at, more } = await store.removePayloads(request);
    after = at;
    return more;
  };
}

function retentionSlice(store: Store, now: number): Slice {
  let after: string | null = null;
  return async () => {
    const request = { endedBefore: now + 10 * HOUR_MS, limit: 100, after };
    const { at, more } = await store.pruneJobs(request);
    after = at;
    return more;
  };
}

/** No job is leased: the threads are busy with others, but each claim marks jobs due. */
function wakeSlice(store: Store, now: number): Slice {
  const waits = { plugins: ["word-count"], elsewhere: [], waitingSinceBefore: 0 };
  return async () => {
    const request = { owner: "bench", limit: 0, ahead: 0, now, leaseUntil: now, ...waits };
    await store.claimJobs(request);
    const next = await store.nextJobDue();
    return next !== null && next <= now;
  };
}

/** Fills a store with due deliveries without running the jobs. */
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { EventKind } from "../src/domain/event.ts";
import { begin, completeStep, type RunningJob } from "../src/domain/job.ts";
import { toJsonText } from "../src/domain/json-text.ts";
import { createIds } from "../src/system/ids.ts";
import type { NewJob } from "../src/ports/store/jobs.ts";
import type { Store } from "../src/ports/store/store.ts";
import { createSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Vault } from "../src/ports/vault.ts";
import { createVault, loadVaultKey } from "../src/secrets/vault.ts";

const ids = createIds(() => Date.now());
/** How many jobs are written in parallel: enough for the writer to group them. */
const PARALLEL = 500;
/** started, progress, completed. */
export const EVENTS_PER_JOB = 3;

export interface Preloaded {
  /** The secret that signs the events of every webhook. */
  readonly secret: string;
  readonly deliveries: number;
  /** The bodies of one job's events. */
  readonly bodies: readonly string[];
}

/**
 * Registers a webhook per URL and stores `jobsPerUrl` completed jobs for each. Start the daemon
 * afterwards.
 */
export async function preload(
  dataDir: string,
  request: {
    urls: readonly string[];
    jobsPerUrl: number;
    /** The event kinds of the webhooks. Default: all. */
    on?: readonly EventKind[];
  },
): Promise<Preloaded> {
  await mkdir(dataDir, { recursive: true });
  const vault = createVault(await loadVaultKey(dataDir, undefined));
  const store = await createSqliteStore({ path: join(dataDir, "playground.db") });
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  try {
    for (const [index, url] of request.urls.entries()) {
      const jobName = `bench-${index}`;
      await register(store, vault, { url, secret, jobName, on: request.on ?? null });
    }
    const total = request.urls.length * request.jobsPerUrl;
    for (let done = 0; done < total; done += PARALLEL) {
      const jobs = Array.from({ length: Math.min(PARALLEL, total - done) }, (_, i) =>
        newJob(`bench-${(done + i) % request.urls.length}`),
      );
      await finish(store, jobs);
    }
    const { items } = await store.jobs({}, { limit: 1, cursor: null });
    const events = await store.events(items[0]?.id ?? "", { after: 0, limit: EVENTS_PER_JOB });
    return {
      secret,
      deliveries: total * (request.on?.length ?? EVENTS_PER_JOB),
      bodies: events.map(({ body }) => body),
    };
  } finally {
    await store.close();
  }
}

async function register(
  store: Store,
  vault: Vault,
  webhook: {
    url: string;
    secret: string;
    jobName: string;
    on: readonly EventKind[] | null;
  },
): Promise<void> {
  const { secret, ...rest } = webhook;
  const id = ids.newId("wh");
  const sealed = vault.seal(JSON.stringify({ headers: {}, secret, previous: null }), id);
  await store.registerWebhook(
    {
      ...rest,
      id,
      identity: id,
      sealed,
      retries: 5,
      plugins: null,
      timeoutMs: 30_000,
      ratePerSecond: null,
      expiresAt: null,
      createdAt: Date.now(),
    },
    { maxWebhooks: 1_000_000 },
  );
}

export function newJob(name: string): NewJob {
  const now = Date.now();
  return {
    id: ids.newId("job"),
    name,
    metadata: toJsonText({}),
    plugins: [{ name: "word-count", options: toJsonText({}) }],
    input: toJsonText({ text: "the quick brown fox jumps over the lazy dog ".repeat(5) }),
    priority: 0,
    runAt: now,
    timeoutMs: null,
    createdAt: now,
    webhook: null,
    idempotency: null,
  };
}

/** Moves jobs through all states in the store, like the engine does. */
export async function finish(store: Store, jobs: readonly NewJob[]): Promise<void> {
  const claimed = await claimNew(store, jobs);
  await Promise.all(claimed.flatMap((job) => storeEvents(store, job)));
}

/** Submits the jobs and claims the same number of jobs, which can be older ones. */
export async function claimNew(
  store: Store,
  jobs: readonly NewJob[],
): Promise<readonly RunningJob[]> {
  await Promise.all(jobs.map((job) => store.submitJob(job, { maxQueued: 1_000_000 })));
  const now = Date.now();
  const limit = jobs.length;
  const leaseUntil = now + 60_000;
  const always = { plugins: ["word-count"], elsewhere: [], waitingSinceBefore: 0 };
  return (await store.claimJobs({ owner: "bench", limit, ahead: 0, now, leaseUntil, ...always }))
    .jobs;
}

/** Stores the three events of a one-step job in two transitions. */
export function storeEvents(store: Store, job: RunningJob): Promise<boolean>[] {
  const context = { jobUrl: `http://127.0.0.1:8787/v1/jobs/${job.id}` };
  const claim = { jobId: job.id, fence: job.fence, owner: job.owner };
  const started = begin(job, job.startedAt, context);
  const { transition } = completeStep(
    { ...job, sequence: 1 },
    {
      plugin: "word-count",
      metrics: { processedItems: 45, duration: 0.2 },
      output: toJsonText({ words: 45, distinct: 8 }),
      startedAt: job.startedAt,
      endedAt: job.startedAt,
    },
    context,
  );
  return [...(started === null ? [] : [started]), transition].map(
    async (each) => (await store.commitTransition(claim, each)) !== false,
  );
}

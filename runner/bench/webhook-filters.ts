/**
 * `npm run bench -- webhook-filters` measures the cost of storing an event with 100,000 registered
 * webhooks whose filters do not match it, and with none, in alternating rounds.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewWebhook } from "../src/ports/store/webhooks.ts";
import type { Store } from "../src/ports/store/store.ts";
import { createSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { median, type Figure } from "./figures.ts";
import { claimNew, EVENTS_PER_JOB, newJob, storeEvents } from "./preload.ts";

const WEBHOOKS = 100_000;
const ROUNDS = 9;
const JOBS_A_ROUND = 500;
const PARALLEL = 5_000;

export async function benchWebhookFilters(): Promise<{ figures: readonly Figure[] }> {
  const folder = await mkdtemp(join(tmpdir(), "playground-bench-"));
  const none = await createSqliteStore({ path: join(folder, "none.db") });
  const many = await createSqliteStore({ path: join(folder, "many.db") });
  try {
    const from = performance.now();
    for (let done = 0; done < WEBHOOKS; done += PARALLEL) {
      const some = Array.from({ length: PARALLEL }, (_, i) => newWebhook(done + i));
      await Promise.all(
        some.map((webhook) => many.registerWebhook(webhook, { maxWebhooks: WEBHOOKS })),
      );
    }
    const registerMs = (performance.now() - from) / WEBHOOKS;
    for (const store of [none, many]) await measure(store);
    const rounds: { none: number; many: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const first = round % 2 === 0;
      const before = first ? await measure(none) : await measure(many);
      const after = first ? await measure(many) : await measure(none);
      rounds.push(first ? { none: before, many: after } : { none: after, many: before });
    }
    const of = (pick: (round: { none: number; many: number }) => number): number =>
      median(rounds.map(pick));
    return {
      figures: [
        { name: "storing an event, no webhooks", value: of((r) => r.none), unit: "ms" },
        {
          name: "storing an event, 100,000 webhooks that do not match",
          value: of((r) => r.many),
          unit: "ms",
        },
        { name: "100,000 webhooks / no webhooks", value: of((r) => r.many / r.none), unit: "×" },
        { name: "registering a webhook", value: registerMs, unit: "ms" },
      ],
    };
  } finally {
    await Promise.all([none.close(), many.close()]);
    await rm(folder, { recursive: true });
  }
}

/** Each webhook filters by another plugin, another job name, or both. */
function newWebhook(n: number): NewWebhook {
  const filters = [
    { plugins: [`plugin-${n}`, `plugin-${n + 1}`], jobName: null },
    { plugins: null, jobName: `job-${n}` },
    { plugins: ["word-count"], jobName: `job-${n}` },
    { plugins: [`plugin-${n}`], jobName: "bench" },
  ];
  return {
    id: `wh_${n}`,
    identity: `${n}`,
    url: `http://127.0.0.1:9/${n}`,
    sealed: "",
    on: null,
    retries: 5,
    ...(filters[n % filters.length] ?? { plugins: null, jobName: `job-${n}` }),
    timeoutMs: 30_000,
    ratePerSecond: null,
    expiresAt: null,
    createdAt: Date.now(),
  };
}

/** Returns milliseconds per event, with as many parallel writes as in a busy daemon. */
async function measure(store: Store): Promise<number> {
  const jobs = Array.from({ length: JOBS_A_ROUND }, () => newJob("bench"));
  const running = await claimNew(store, jobs);
  const from = performance.now();
  await Promise.all(running.flatMap((job) => storeEvents(store, job)));
  return (performance.now() - from) / (running.length * EVENTS_PER_JOB);
}

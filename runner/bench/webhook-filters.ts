/**
 * `npm run bench -- webhook-filters`: what storing an event costs where 100,000 persistent webhooks
 * are registered that do not want it, against none; the two in turns.
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
const AT_ONCE = 5_000;

export async function benchWebhookFilters(): Promise<{ figures: readonly Figure[] }> {
  const folder = await mkdtemp(join(tmpdir(), "playground-bench-"));
  const none = await createSqliteStore({ path: join(folder, "none.db") });
  const many = await createSqliteStore({ path: join(folder, "many.db") });
  try {
    const from = performance.now();
    for (let done = 0; done < WEBHOOKS; done += AT_ONCE) {
      const some = Array.from({ length: AT_ONCE }, (_, i) => newWebhook(done + i));
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
        { name: "an event's write, no webhooks", value: of((r) => r.none), unit: "ms" },
        {
          name: "an event's write, 100,000 that do not match",
          value: of((r) => r.many),
          unit: "ms",
        },
        { name: "100,000 / none", value: of((r) => r.many / r.none), unit: "×" },
        { name: "registering one", value: registerMs, unit: "ms" },
      ],
    };
  } finally {
    await Promise.all([none.close(), many.close()]);
    await rm(folder, { recursive: true });
  }
}

/** Every one wants another plugin, another job's name, or both, of all kinds. */
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

/** Milliseconds per event, with as many under way as a busy daemon has. */
async function measure(store: Store): Promise<number> {
  const jobs = Array.from({ length: JOBS_A_ROUND }, () => newJob("bench"));
  const running = await claimNew(store, jobs);
  const from = performance.now();
  await Promise.all(running.flatMap((job) => storeEvents(store, job)));
  return (performance.now() - from) / (running.length * EVENTS_PER_JOB);
}

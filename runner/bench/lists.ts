/**
 * `npm run bench -- lists [--size N]` measures every list, filter and search at the API of a daemon
 * with N stored jobs and three deliveries of each, and the cost of the lists' indexes for new jobs.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { createSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { median, quantile, type Figure } from "./figures.ts";
import { fill, MONTH_MS, PLUGINS, RARE_PLUGIN } from "./lists/fill.ts";
import { cpuSeconds } from "./metrics-of.ts";
import { runLoad, startReceiver, type ReceiverProcess } from "./processes.ts";

const PLUGINS_DIR = fileURLToPath(new URL("plugins", import.meta.url));
const REQUESTS = 200;
const ROUNDS = 9;
const JOBS_PER_ROUND = 3_000;
const ENV = { PLAYGROUND_LOG_LEVEL: "warn", PLAYGROUND_RETENTION_DAYS: "3650" };

export async function benchLists({ jobs }: { jobs: number }): Promise<{
  figures: readonly Figure[];
}> {
  const reads = await measureReads(jobs);
  return { figures: [...reads, ...(await measureWrites())] };
}

async function measureReads(jobs: number): Promise<Figure[]> {
  const root = await mkdtemp(join(tmpdir(), "bench-lists-"));
  const now = Date.now();
  let daemon: Daemon | null = null;
  try {
    await mkdir(join(root, "data"), { recursive: true });
    await fill(join(root, "data", "playground.db"), { jobs, now });
    daemon = await startDaemon({ root, pluginsDir: PLUGINS_DIR, env: ENV });
    const figures: Figure[] = [];
    const all: number[] = [];
    for (const [name, path] of Object.entries(toCases(now, jobs))) {
      const { took, items } = await measure(daemon, path);
      all.push(quantile(took, 0.99));
      figures.push(
        { name: `${name}, p50`, value: quantile(took, 0.5), unit: "ms" },
        { name: `${name}, p99 (${items} items)`, value: quantile(took, 0.99), unit: "ms" },
      );
    }
    return [...figures, { name: "the slowest p99", value: Math.max(...all), unit: "ms" }];
  } finally {
    await daemon?.close();
    await rm(root, { recursive: true, force: true });
  }
}

type Path = (n: number) => string;

/** Paths with other values at each request, so that not the same pages are read again. */
function toCases(now: number, jobs: number): Record<string, Path> {
  const at = (share: number): string => new Date(now - MONTH_MS * (1 - share)).toISOString();
  /** A share of the month, spread over the requests. */
  const share = (n: number): number => ((n * 37) % 97) / 100;
  const before: Path = (n) => `createdBefore=${at(0.02 + share(n))}`;
  const plugin: Path = (n) => `plugin=plugin-${n % PLUGINS}`;
  const list =
    (query: Path): Path =>
    (n) =>
      `/v1/jobs?${query(n)}`;
  const deliveries =
    (query: Path): Path =>
    (n) =>
      `/v1/deliveries?${query(n)}`;
  return {
    jobs: list(() => ""),
    "jobs, 500 on a page": list(() => "limit=500"),
    "jobs before a time": list(before),
    "jobs in an hour": list(
      (n) => `createdAfter=${at(share(n))}&createdBefore=${at(share(n) + 1 / 720)}`,
    ),
    "failed jobs": list(() => "status=failed"),
    "failed jobs before a time": list((n) => `status=failed&${before(n)}`),
    "queued or running jobs": list(() => "status=queued&status=running"),
    "jobs of a plugin": list(plugin),
    "jobs of a plugin before a time": list((n) => `${plugin(n)}&${before(n)}`),
    "jobs of a rare plugin": list(() => `plugin=${RARE_PLUGIN}`),
    "failed jobs of a plugin": list((n) => `${plugin(n)}&status=failed`),
    "failed jobs of a rare plugin": list(() => `plugin=${RARE_PLUGIN}&status=failed`),
    "queued jobs of a plugin": list((n) => `${plugin(n)}&status=queued`),
    "jobs of a name": list((n) => `name=report-${String((n * 2) % 500).padStart(3, "0")}`),
    "failed jobs of a name": list(
      (n) => `name=report-${String(n % 500).padStart(3, "0")}&status=failed`,
    ),
    "jobs of a frequent prefix": list(() => "namePrefix=report"),
    "jobs of a rare prefix": list(
      (n) =>
        `namePrefix=order-${String((n * 977) % jobs)
          .padStart(8, "0")
          .slice(0, 6)}`,
    ),
    "jobs of an old prefix of many": list(() => "namePrefix=order-0001"),
    "failed jobs of a prefix": list(() => "namePrefix=report-0&status=failed"),
    "jobs of a prefix of an id": list(
      (n) =>
        `idPrefix=job_${((((n * 977) % jobs) * 1.6) | 0).toString(16).padStart(10, "0").slice(0, 9)}`,
    ),
    "jobs of a short prefix of an id": list(() => "idPrefix=job_0"),
    "jobs of a value in the metadata": list(() => "meta.customer.id=7"),
    "failed jobs of a value in the metadata": list(() => "meta.customer.id=7&status=failed"),
    "jobs of an error group": list((n) => `errorGroup=err_${1 + (n % 40)}`),
    "jobs of an error group before a time": list(
      (n) => `errorGroup=err_${1 + (n % 40)}&${before(n)}`,
    ),
    "jobs of an error group and a plugin": list(
      (n) => `errorGroup=err_${1 + (n % 40)}&${plugin(n)}`,
    ),
    "jobs that cannot be": list(() => "name=none&status=failed"),
    "error groups": () => "/v1/error-groups",
    "error groups of a day": () => `/v1/error-groups?since=${at(29 / 30)}`,
    deliveries: deliveries(() => ""),
    "deliveries that failed": deliveries(() => "state=dead"),
    "deliveries that are due": deliveries(() => "state=due"),
    "deliveries that wait": deliveries(() => "state=waiting"),
    "deliveries that were made": deliveries(() => "state=delivered"),
    "deliveries of a webhook": deliveries(() => "webhookId=wh_bench"),
    "deliveries of a webhook that failed": deliveries(() => "webhookId=wh_bench&state=dead"),
    batches: () => "/v1/batches",
    destinations: () => "/v1/destinations",
    "bulk acts": () => "/v1/bulk",
  };
}

async function measure(
  daemon: Daemon,
  path: Path,
): Promise<{ took: readonly number[]; items: number }> {
  const took: number[] = [];
  let items = 0;
  for (let n = 0; n < REQUESTS; n += 1) {
    const from = performance.now();
    const page = await daemon.get(path(n));
    took.push(performance.now() - from);
    items = (page.items ?? page.groups).length as number;
  }
  return { took, items };
}

/** Daemons with and without the indexes, in turns. */
async function measureWrites(): Promise<Figure[]> {
  const roots = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), "bench-lists-"))));
  const receiver = await startReceiver();
  const daemons: Daemon[] = [];
  try {
    for (const [index, root] of roots.entries()) {
      await mkdir(join(root, "data"), { recursive: true });
      const path = join(root, "data", "playground.db");
      await (await createSqliteStore({ path })).close();
      if (index === 1) dropIndexes(path);
      daemons.push(await startDaemon({ root, pluginsDir: PLUGINS_DIR, env: ENV }));
    }
    const rates: number[][] = [[], []];
    const cpuMs: number[][] = [[], []];
    for (let round = 0; round <= ROUNDS; round += 1) {
      // The daemon that is first in a round takes turns.
      for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const daemon = daemons[index];
        if (daemon === undefined) continue;
        const before = cpuSeconds(daemon);
        const rate = await drain(daemon, receiver);
        // The first round warms up.
        if (round === 0) continue;
        rates[index]?.push(rate);
        cpuMs[index]?.push(((cpuSeconds(daemon) - before) * 1000) / JOBS_PER_ROUND);
      }
    }
    const [withIndexes = [], without = []] = rates;
    const ratios = withIndexes.map((rate, round) => rate / (without[round] ?? 0));
    return [
      { name: "new jobs with the lists' indexes", value: median(withIndexes), unit: "jobs/s" },
      { name: "new jobs without them", value: median(without), unit: "jobs/s" },
      { name: "with / without", value: median(ratios), unit: "×" },
      { name: "with the indexes", value: median(cpuMs[0] ?? []), unit: "ms of CPU/job" },
      { name: "without them", value: median(cpuMs[1] ?? []), unit: "ms of CPU/job" },
    ];
  } finally {
    await Promise.all(daemons.map((daemon) => daemon.close()));
    await Promise.all(roots.map((root) => rm(root, { recursive: true, force: true })));
    receiver.close();
  }
}

function dropIndexes(path: string): void {
  const db = new DatabaseSync(path);
  db.exec(`
    DROP INDEX jobs_by_status;
    CREATE INDEX jobs_by_status ON jobs (status);
    DROP INDEX jobs_by_plugin_set;
    DROP INDEX jobs_by_name;
    DROP INDEX deliveries_open;
    DROP INDEX deliveries_given_up;
  `);
  db.close();
}

/** From the first POST until the last event has arrived. */
async function drain(daemon: Daemon, receiver: ReceiverProcess): Promise<number> {
  const reached = receiver.expect(3 * JOBS_PER_ROUND);
  const load = await runLoad({
    url: `${daemon.url}/v1/jobs`,
    headers: { authorization: `Bearer ${daemon.token}`, "content-type": "application/json" },
    body: JSON.stringify({
      plugins: ["word-count"],
      name: "bench",
      input: { text: "the quick brown fox jumps over the lazy dog" },
      webhook: { url: receiver.url },
    }),
    count: JOBS_PER_ROUND,
    concurrency: 64,
  });
  if (load.refused > 0) throw new Error(`${load.refused} jobs were refused`);
  return (JOBS_PER_ROUND * 1000) / ((await reached) - load.firstAt);
}

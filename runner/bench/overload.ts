/**
 * `npm run bench -- overload` measures the daemon under three times the load that it can handle. It
 * first measures the capacity, then sends three times that rate regardless of the responses and
 * checks /healthz 50 times per second, then measures the time until jobs are accepted within 100
 * ms.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { quantile, type Figure } from "./figures.ts";
import { runLoad, runPacedLoad } from "./processes.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const WARM_UP_JOBS = 5_000;
const CAPACITY_JOBS = 15_000;
const TIMES = 3;
const QUIET_MS = 3_000;
const OVERLOAD_MS = 10_000;
/** Must be above PLAYGROUND_MAX_REQUESTS, because each connection has one request in progress. */
const CONNECTIONS = 600;
const HEALTH_EVERY_MS = 20;
const RECOVERED_WITHIN_MS = 100;

export async function benchOverload(): Promise<{ figures: readonly Figure[] }> {
  const root = await mkdtemp(join(tmpdir(), "playground-bench-"));
  const daemon = await startDaemon({
    root,
    pluginsDir: PLUGINS,
    env: { PLAYGROUND_LOG_LEVEL: "error" },
  });
  try {
    const load = {
      url: `${daemon.url}/v1/jobs`,
      headers: { authorization: `Bearer ${daemon.token}`, "content-type": "application/json" },
      body: JSON.stringify({ plugins: ["word-count"], input: { text: "three plain words" } }),
    };
    await runLoad({ ...load, count: WARM_UP_JOBS, concurrency: 64 });
    const capacity = await runLoad({ ...load, count: CAPACITY_JOBS, concurrency: 64 });
    const perSecond =
      (CAPACITY_JOBS - capacity.refused) / ((capacity.lastAt - capacity.firstAt) / 1000);

    const quiet = await pollHealth(daemon, AbortSignal.timeout(QUIET_MS));
    const over = new AbortController();
    const polling = pollHealth(daemon, over.signal);
    const ratePerSecond = Math.round(perSecond * TIMES);
    const shed = await runPacedLoad({
      ...load,
      ratePerSecond,
      forMs: OVERLOAD_MS,
      connections: CONNECTIONS,
    });
    over.abort();
    const health = await polling;
    const recoveredMs = await untilRecovered(daemon, load.body);
    return {
      figures: [
        { name: "capacity", value: perSecond, unit: "requests/s" },
        { name: "offered", value: shed.sent / (OVERLOAD_MS / 1000), unit: "requests/s" },
        {
          name: "accepted under overload",
          value: shed.accepted / (OVERLOAD_MS / 1000),
          unit: "requests/s",
        },
        {
          name: "shed with 503 and Retry-After",
          value: shed.shed / (OVERLOAD_MS / 1000),
          unit: "requests/s",
        },
        {
          name: "other responses, or none",
          value: shed.other / (OVERLOAD_MS / 1000),
          unit: "requests/s",
        },
        { name: "health without load, p99", value: quantile(quiet, 0.99), unit: "ms" },
        { name: "health, p50", value: quantile(health, 0.5), unit: "ms" },
        { name: "health, p99", value: quantile(health, 0.99), unit: "ms" },
        { name: "health, maximum", value: Math.max(...health), unit: "ms" },
        { name: "time until jobs are accepted within 100 ms", value: recoveredMs, unit: "ms" },
      ],
    };
  } finally {
    await daemon.close();
    await rm(root, { recursive: true, force: true });
  }
}

/**
 * Returns the milliseconds of each request. They start on a schedule: a slow response delays none.
 */
async function pollHealth(daemon: Daemon, signal: AbortSignal): Promise<readonly number[]> {
  const requests: Promise<number>[] = [];
  while (!signal.aborted) {
    requests.push(timed(() => fetch(`${daemon.url}/healthz`).then((response) => response.text())));
    await sleep(HEALTH_EVERY_MS);
  }
  return Promise.all(requests);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return performance.now() - from;
}

/** Returns the time until ten jobs in a row are accepted in time. */
async function untilRecovered(daemon: Daemon, body: string): Promise<number> {
  const from = performance.now();
  let inTime = 0;
  let recoveredAt = from;
  while (inTime < 10) {
    let status = 0;
    const ms = await timed(async () => {
      const headers = { "content-type": "application/json" };
      const response = await daemon.request("/v1/jobs", { method: "POST", headers, body });
      status = response.status;
      await response.text();
    });
    inTime = status === 202 && ms <= RECOVERED_WITHIN_MS ? inTime + 1 : 0;
    if (inTime === 0) recoveredAt = performance.now();
  }
  return recoveredAt - from;
}

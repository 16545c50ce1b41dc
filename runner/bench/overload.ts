/**
 * `npm run bench -- overload`: the daemon under three times the load it can carry. First what it can
 * carry, then three times that, sent at that rate whatever comes back, while health is asked 50
 * times a second from here; then how long until a job is taken within 100 ms again.
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
const CARRIED_JOBS = 15_000;
const TIMES = 3;
const QUIET_MS = 3_000;
const OVERLOAD_MS = 10_000;
/** Above PLAYGROUND_MAX_REQUESTS: fewer can have no more requests under way than it takes. */
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
      body: JSON.stringify({ plugins: ["word-count"], input: { text: "so many words" } }),
    };
    await runLoad({ ...load, count: WARM_UP_JOBS, concurrency: 64 });
    const carried = await runLoad({ ...load, count: CARRIED_JOBS, concurrency: 64 });
    const perSecond =
      (CARRIED_JOBS - carried.refused) / ((carried.lastAt - carried.firstAt) / 1000);

    const quiet = await askHealth(daemon, AbortSignal.timeout(QUIET_MS));
    const over = new AbortController();
    const asking = askHealth(daemon, over.signal);
    const ratePerSecond = Math.round(perSecond * TIMES);
    const shed = await runPacedLoad({
      ...load,
      ratePerSecond,
      forMs: OVERLOAD_MS,
      connections: CONNECTIONS,
    });
    over.abort();
    const health = await asking;
    const recoveredMs = await untilRecovered(daemon, load.body);
    return {
      figures: [
        { name: "carried", value: perSecond, unit: "requests/s" },
        { name: "offered", value: shed.sent / (OVERLOAD_MS / 1000), unit: "requests/s" },
        {
          name: "accepted meanwhile",
          value: shed.accepted / (OVERLOAD_MS / 1000),
          unit: "requests/s",
        },
        {
          name: "shed with 503 and Retry-After",
          value: shed.shed / (OVERLOAD_MS / 1000),
          unit: "requests/s",
        },
        {
          name: "answered otherwise, or not at all",
          value: shed.other / (OVERLOAD_MS / 1000),
          unit: "requests/s",
        },
        { name: "health without load, p99", value: quantile(quiet, 0.99), unit: "ms" },
        { name: "health, p50", value: quantile(health, 0.5), unit: "ms" },
        { name: "health, p99", value: quantile(health, 0.99), unit: "ms" },
        { name: "health, longest", value: Math.max(...health), unit: "ms" },
        { name: "until a job is taken within 100 ms again", value: recoveredMs, unit: "ms" },
      ],
    };
  } finally {
    await daemon.close();
    await rm(root, { recursive: true, force: true });
  }
}

/** Milliseconds per answer; asked by the clock, so that a slow answer holds up no question. */
async function askHealth(daemon: Daemon, signal: AbortSignal): Promise<readonly number[]> {
  const asked: Promise<number>[] = [];
  while (!signal.aborted) {
    asked.push(timed(() => fetch(`${daemon.url}/healthz`).then((answer) => answer.text())));
    await sleep(HEALTH_EVERY_MS);
  }
  return Promise.all(asked);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return performance.now() - from;
}

/** From now until ten submissions in a row are each taken in time. */
async function untilRecovered(daemon: Daemon, body: string): Promise<number> {
  const from = performance.now();
  let inTime = 0;
  let recoveredAt = from;
  while (inTime < 10) {
    let status = 0;
    const ms = await timed(async () => {
      const headers = { "content-type": "application/json" };
      const answer = await daemon.request("/v1/jobs", { method: "POST", headers, body });
      status = answer.status;
      await answer.text();
    });
    inTime = status === 202 && ms <= RECOVERED_WITHIN_MS ? inTime + 1 : 0;
    if (inTime === 0) recoveredAt = performance.now();
  }
  return recoveredAt - from;
}

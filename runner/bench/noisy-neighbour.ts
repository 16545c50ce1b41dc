/**
 * `npm run bench -- noisy-neighbour` measures how long events take to reach a healthy endpoint,
 * with and without another endpoint that never responds and has 10,000 due deliveries. The two
 * daemons get jobs alternately, so that other load on the machine affects both.
 */
import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { quantile, type Figure } from "./figures.ts";
import { preload } from "./preload.ts";
import { startReceiver, type ReceiverProcess } from "./processes.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const BACKLOG = 10_000;
const JOBS = 3_000;
const WARM_UP_JOBS = 300;
/** Far below a daemon's capacity, because the figure is a delay and not a throughput. */
const EVERY_MS = 10;

interface Side {
  readonly daemon: Daemon;
  readonly receiver: ReceiverProcess;
}

export async function benchNoisyNeighbour(): Promise<{ figures: readonly Figure[] }> {
  const hanging = createServer(() => {});
  await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/`;
  const roots = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), "playground-bench-"))));
  const [aloneRoot = "", noisyRoot = ""] = roots;
  await preload(join(noisyRoot, "data"), { urls: [url], jobsPerUrl: BACKLOG, on: ["completed"] });
  const alone = await start(aloneRoot);
  const noisy = await start(noisyRoot);
  try {
    await measure([alone, noisy], WARM_UP_JOBS);
    const [without = [], withIt = []] = await measure([alone, noisy], JOBS);
    const p99 = [quantile(without, 0.99), quantile(withIt, 0.99)] as const;
    return {
      figures: [
        { name: "event to delivery alone, p50", value: quantile(without, 0.5), unit: "ms" },
        { name: "event to delivery alone, p99", value: p99[0], unit: "ms" },
        { name: "next to a hanging endpoint, p50", value: quantile(withIt, 0.5), unit: "ms" },
        { name: "next to a hanging endpoint, p99", value: p99[1], unit: "ms" },
        { name: "p99 next to a hanging endpoint / alone", value: p99[1] / p99[0], unit: "×" },
      ],
    };
  } finally {
    await Promise.all([alone, noisy].map(({ daemon }) => daemon.close()));
    await Promise.all(roots.map((root) => rm(root, { recursive: true, force: true })));
    for (const { receiver } of [alone, noisy]) receiver.close();
    hanging.closeAllConnections();
    hanging.close();
  }
}

async function start(root: string): Promise<Side> {
  const env = { PLAYGROUND_LOG_LEVEL: "error" };
  const daemon = await startDaemon({ root, pluginsDir: PLUGINS, env });
  return { daemon, receiver: await startReceiver({ lags: true }) };
}

/** Returns the times from event to arrival for each daemon, in ms. */
async function measure(sides: readonly Side[], jobs: number): Promise<(readonly number[])[]> {
  const reached = sides.map(({ receiver }) => receiver.expect(jobs));
  const posted: Promise<unknown>[] = [];
  for (let job = 0; job < jobs; job += 1) {
    for (const side of job % 2 === 0 ? sides : sides.toReversed()) {
      posted.push(post(side));
      await sleep(EVERY_MS / 2);
    }
  }
  await Promise.all([...posted, ...reached]);
  return Promise.all(sides.map(({ receiver }) => receiver.lags()));
}

function post({ daemon, receiver }: Side): Promise<unknown> {
  return daemon.post("/v1/jobs", {
    plugins: ["word-count"],
    input: { text: "the quick brown fox" },
    webhook: { url: receiver.url, on: ["completed"] },
  });
}

/**
 * `npm run bench -- noisy-neighbour`: how long events take to a healthy endpoint while another
 * answers nothing for 30 s and has 10,000 due, against without it; the two in turns.
 */
import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { median, quantile, type Figure } from "./figures.ts";
import { preload } from "./preload.ts";
import { startReceiver, type ReceiverProcess } from "./processes.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const BACKLOG = 10_000;
const ROUNDS = 5;
const JOBS_A_ROUND = 500;
/** Well below what the daemon can do: the figure is a delay, not a throughput. */
const EVERY_MS = 10;

interface Side {
  readonly daemon: Daemon;
  readonly lags: (readonly number[])[];
}

export async function benchNoisyNeighbour(): Promise<{ figures: readonly Figure[] }> {
  const receiver = await startReceiver();
  const hanging = createServer(() => {});
  await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/`;
  const roots = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), "playground-bench-"))));
  const [aloneRoot = "", besideRoot = ""] = roots;
  await preload(join(besideRoot, "data"), { urls: [url], jobsPerUrl: BACKLOG, on: ["completed"] });
  const alone: Side = { daemon: await start(aloneRoot), lags: [] };
  const beside: Side = { daemon: await start(besideRoot), lags: [] };
  try {
    for (const { daemon } of [alone, beside]) await measure(daemon, receiver);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const side of round % 2 === 0 ? [alone, beside] : [beside, alone]) {
        side.lags.push(await measure(side.daemon, receiver));
      }
    }
    const p99 = ({ lags }: Side): number => median(lags.map((round) => quantile(round, 0.99)));
    const p50 = ({ lags }: Side): number => median(lags.map((round) => quantile(round, 0.5)));
    return {
      figures: [
        { name: "event to delivery alone, p50", value: p50(alone), unit: "ms" },
        { name: "event to delivery alone, p99", value: p99(alone), unit: "ms" },
        { name: "beside one that hangs, p50", value: p50(beside), unit: "ms" },
        { name: "beside one that hangs, p99", value: p99(beside), unit: "ms" },
        { name: "p99 beside / alone", value: p99(beside) / p99(alone), unit: "×" },
      ],
    };
  } finally {
    await Promise.all([alone.daemon.close(), beside.daemon.close()]);
    await Promise.all(roots.map((root) => rm(root, { recursive: true, force: true })));
    hanging.closeAllConnections();
    hanging.close();
    receiver.close();
  }
}

function start(root: string): Promise<Daemon> {
  return startDaemon({ root, pluginsDir: PLUGINS, env: { PLAYGROUND_LOG_LEVEL: "error" } });
}

async function measure(daemon: Daemon, receiver: ReceiverProcess): Promise<readonly number[]> {
  const reached = receiver.expect(JOBS_A_ROUND);
  const body = {
    plugins: ["word-count"],
    input: { text: "the quick brown fox" },
    webhook: { url: receiver.url, on: ["completed"] },
  };
  const posted: Promise<unknown>[] = [];
  for (let job = 0; job < JOBS_A_ROUND; job += 1) {
    posted.push(daemon.post("/v1/jobs", body));
    await sleep(EVERY_MS);
  }
  await Promise.all(posted);
  await reached;
  return receiver.lags();
}

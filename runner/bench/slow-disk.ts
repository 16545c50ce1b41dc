/**
 * `npm run bench -- slow-disk` measures the main path with and without 20 ms of extra time per
 * commit in alternating rounds, and the latency of /healthz during the load.
 */
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "undici";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { median, quantile, type Figure } from "./figures.ts";
import { drain } from "./jobs.ts";
import { startReceiver, type ReceiverProcess } from "./processes.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const ENTRY = new URL("../test/support/faulty-store-daemon.ts", import.meta.url);
const SLOW_COMMIT_MS = 20;
const ROUNDS = 5;
const PROBE_EVERY_MS = 5;

interface Round {
  readonly jobsPerSecond: number;
  readonly healthMs: readonly number[];
}

export async function benchSlowDisk({ jobs = 4_000 }: { jobs?: number } = {}): Promise<{
  figures: readonly Figure[];
}> {
  const receiver = await startReceiver();
  const fast = await start(0);
  const slow = await start(SLOW_COMMIT_MS);
  try {
    for (const daemon of [fast, slow]) await drain(daemon, receiver, { jobs: 500, on: null });
    const idleMs = await probe(slow, sleep(2_000));
    const rounds = { fast: [] as Round[], slow: [] as Round[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.fast.push(await measure(fast, { receiver, jobs }));
      rounds.slow.push(await measure(slow, { receiver, jobs }));
    }
    const ratios = rounds.fast.map(
      ({ jobsPerSecond }, round) => jobsPerSecond / (rounds.slow[round]?.jobsPerSecond ?? 0),
    );
    return {
      figures: [
        { name: "healthz, idle: p99", value: quantile(idleMs, 0.99), unit: "ms" },
        ...toFigures("normal disk", rounds.fast),
        ...toFigures("disk with 20 ms per commit", rounds.slow),
        { name: "normal / slow disk (median of rounds)", value: median(ratios), unit: "×" },
      ],
    };
  } finally {
    await Promise.all([fast.close(), slow.close()]);
    receiver.close();
  }
}

function start(slowCommitMs: number): Promise<Daemon> {
  const env = { PLAYGROUND_LOG_LEVEL: "warn", SLOW_COMMIT_MS: String(slowCommitMs) };
  return startDaemon({ pluginsDir: PLUGINS, entry: ENTRY, env });
}

async function measure(
  daemon: Daemon,
  { receiver, jobs }: { receiver: ReceiverProcess; jobs: number },
): Promise<Round> {
  const drained = drain(daemon, receiver, { jobs, on: null });
  const healthMs = await probe(daemon, drained);
  return { jobsPerSecond: (await drained).jobsPerSecond, healthMs };
}

/** Requests /healthz every few milliseconds until the work is done. Returns the latencies in ms. */
async function probe(daemon: Daemon, work: Promise<unknown>): Promise<number[]> {
  const client = new Client(daemon.url);
  const took: number[] = [];
  let isDone = false;
  const done = work.finally(() => (isDone = true));
  while (!isDone) {
    const from = performance.now();
    const response = await client.request({ path: "/healthz", method: "GET" });
    await response.body.dump();
    took.push(performance.now() - from);
    await sleep(PROBE_EVERY_MS);
  }
  await done;
  await client.close();
  return took;
}

function toFigures(name: string, rounds: readonly Round[]): Figure[] {
  const health = (q: number): number => median(rounds.map(({ healthMs }) => quantile(healthMs, q)));
  return [
    { name, value: median(rounds.map((round) => round.jobsPerSecond)), unit: "jobs/s" },
    { name: `${name}: healthz p50 (median of rounds)`, value: health(0.5), unit: "ms" },
    { name: `${name}: healthz p99 (median of rounds)`, value: health(0.99), unit: "ms" },
  ];
}

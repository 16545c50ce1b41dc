/** `npm run bench -- jobs` measures the whole main path, and the bare limits of its parts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { bareLimits } from "./bare-limits.ts";
import { median, quantile, type Figure } from "./figures.ts";
import { cpuSeconds, residentMb } from "./metrics-of.ts";
import { runLoad, startNaive, startReceiver, type ReceiverProcess } from "./processes.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const TEXT = "the quick brown fox jumps over the lazy dog ".repeat(5);
const ROUNDS = 5;
const CONCURRENCY = 64;

export interface JobsBench {
  readonly figures: readonly Figure[];
}

export async function benchJobs({ jobs = 5_000 }: { jobs?: number } = {}): Promise<JobsBench> {
  const receiver = await startReceiver();
  const daemon = await startDaemon({
    pluginsDir: PLUGINS,
    env: { PLAYGROUND_LOG_LEVEL: "warn" },
  });
  const folder = await mkdtemp(join(tmpdir(), "playground-bench-"));
  const naive = await startNaive(folder);
  try {
    for (const target of [daemon, naive]) await drain(target, receiver, { jobs: 2_000, on: null });
    const all: Rounds = { daemon: [], naive: [] };
    const one: Rounds = { daemon: [], naive: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [rounds, on] of [
        [all, null],
        [one, ["completed"]],
      ] as const) {
        rounds.daemon.push(await drainDaemon(daemon, receiver, { jobs, on }));
        rounds.naive.push(await drain(naive, receiver, { jobs, on }));
      }
    }
    const pickup = await idlePickup(daemon, receiver);
    const bare = await bareLimits(receiver, request(receiver.url, null));
    return {
      figures: [
        ...toFigures("started, progress, completed", all),
        ...toFigures("completed only", one),
        { name: "idle: POST to started event, p50", value: quantile(pickup, 0.5), unit: "ms" },
        { name: "idle: POST to started event, p99", value: quantile(pickup, 0.99), unit: "ms" },
        { name: "daemon memory after the run", value: residentMb(daemon), unit: "MB" },
        ...bare,
      ],
    };
  } finally {
    await daemon.close();
    naive.close();
    receiver.close();
    await rm(folder, { recursive: true });
  }
}

export interface Drained {
  readonly jobsPerSecond: number;
  readonly acceptMs: readonly number[];
}

interface Measured extends Drained {
  readonly cpuMsPerJob: number;
}

/** The results of the daemon and the naive path, measured in alternating rounds. */
interface Rounds {
  readonly daemon: Measured[];
  readonly naive: Drained[];
}

function request(url: string, on: readonly string[] | null): string {
  return JSON.stringify({
    plugins: ["word-count"],
    input: { text: TEXT },
    webhook: { url, ...(on === null ? {} : { on }) },
  });
}

/** From the first POST until the last event has arrived at the endpoint. */
export async function drain(
  target: { url: string; token?: string },
  receiver: ReceiverProcess,
  { jobs, on }: { jobs: number; on: readonly string[] | null },
): Promise<Drained> {
  const reached = receiver.expect(jobs * (on?.length ?? 3));
  const load = await runLoad({
    url: `${target.url}/v1/jobs`,
    headers: {
      ...(target.token !== undefined && { authorization: `Bearer ${target.token}` }),
      "content-type": "application/json",
    },
    body: request(receiver.url, on),
    count: jobs,
    concurrency: CONCURRENCY,
  });
  if (load.refused > 0) throw new Error(`${load.refused} jobs were refused`);
  const lastAt = await reached;
  return { jobsPerSecond: (jobs * 1000) / (lastAt - load.firstAt), acceptMs: load.latencies };
}

/** Like `drain`, and also measures the CPU time of the daemon. */
async function drainDaemon(
  daemon: Daemon,
  receiver: ReceiverProcess,
  work: { jobs: number; on: readonly string[] | null },
): Promise<Measured> {
  const before = cpuSeconds(daemon);
  const drained = await drain(daemon, receiver, work);
  const cpuMsPerJob = ((cpuSeconds(daemon) - before) * 1000) / work.jobs;
  return { ...drained, cpuMsPerJob };
}

function toFigures(events: string, { daemon, naive }: Rounds): Figure[] {
  const accept = daemon.flatMap((round) => round.acceptMs);
  const ratios = daemon.map((round, i) => round.jobsPerSecond / (naive[i]?.jobsPerSecond ?? 0));
  return [
    { name: events, value: median(daemon.map((r) => r.jobsPerSecond)), unit: "jobs/s" },
    {
      name: `${events}: naive path`,
      value: median(naive.map((r) => r.jobsPerSecond)),
      unit: "jobs/s",
    },
    { name: `${events}: daemon / naive path`, value: median(ratios), unit: "×" },
    {
      name: `${events}: daemon`,
      value: median(daemon.map((r) => r.cpuMsPerJob)),
      unit: "ms of CPU/job",
    },
    { name: `${events}: accept p50`, value: quantile(accept, 0.5), unit: "ms" },
    { name: `${events}: accept p99`, value: quantile(accept, 0.99), unit: "ms" },
  ];
}

/** Submits one job at a time to an idle daemon. */
async function idlePickup(daemon: Daemon, receiver: ReceiverProcess): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < 200; i += 1) {
    const reached = receiver.expect(1);
    const from = performance.timeOrigin + performance.now();
    await daemon.post("/v1/jobs", JSON.parse(request(receiver.url, ["started"])));
    took.push((await reached) - from);
    await sleep(5);
  }
  return took;
}

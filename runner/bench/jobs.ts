/** `npm run bench -- jobs`: the main path with everything in, beside the bare limits of its parts. */
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { bareLimits } from "./bare-limits.ts";
import { median, quantile, type Figure } from "./figures.ts";
import { cpuSeconds, residentMb } from "./metrics-of.ts";
import { runLoad, startReceiver, type ReceiverProcess } from "./processes.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const TEXT = "the quick brown fox jumps over the lazy dog ".repeat(5);
const ROUNDS = 3;
const CONCURRENCY = 64;

export interface JobsBench {
  readonly figures: readonly Figure[];
}

export async function benchJobs({ jobs = 10_000 }: { jobs?: number } = {}): Promise<JobsBench> {
  const receiver = await startReceiver();
  const daemon = await startDaemon({
    pluginsDir: PLUGINS,
    env: { PLAYGROUND_LOG_LEVEL: "warn" },
  });
  try {
    await drain(daemon, receiver, { jobs: 500, on: null });
    const all: Drained[] = [];
    const one: Drained[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      all.push(await drain(daemon, receiver, { jobs, on: null }));
      one.push(await drain(daemon, receiver, { jobs, on: ["completed"] }));
    }
    const pickup = await idlePickup(daemon, receiver);
    const bare = await bareLimits(receiver, request(receiver.url, null));
    return {
      figures: [
        ...toFigures("started, progress, completed", all),
        ...toFigures("completed only", one),
        { name: "idle: POST to started event, p50", value: quantile(pickup, 0.5), unit: "ms" },
        { name: "idle: POST to started event, p99", value: quantile(pickup, 0.99), unit: "ms" },
        { name: "daemon memory after the run", value: await residentMb(daemon), unit: "MB" },
        ...bare,
      ],
    };
  } finally {
    await daemon.close();
    receiver.close();
  }
}

export interface Drained {
  readonly jobsPerSecond: number;
  readonly cpuMsPerJob: number;
  readonly acceptMs: readonly number[];
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
  daemon: Daemon,
  receiver: ReceiverProcess,
  { jobs, on }: { jobs: number; on: readonly string[] | null },
): Promise<Drained> {
  const reached = receiver.expect(jobs * (on?.length ?? 3));
  const cpuBefore = await cpuSeconds(daemon);
  const load = await runLoad({
    url: `${daemon.url}/v1/jobs`,
    headers: {
      authorization: `Bearer ${daemon.token}`,
      "content-type": "application/json",
    },
    body: request(receiver.url, on),
    count: jobs,
    concurrency: CONCURRENCY,
  });
  if (load.refused > 0) throw new Error(`${load.refused} jobs were refused`);
  const lastAt = await reached;
  const cpu = (await cpuSeconds(daemon)) - cpuBefore;
  return {
    jobsPerSecond: (jobs * 1000) / (lastAt - load.firstAt),
    cpuMsPerJob: (cpu * 1000) / jobs,
    acceptMs: load.latencies,
  };
}

function toFigures(events: string, rounds: readonly Drained[]): Figure[] {
  const accept = rounds.flatMap((round) => round.acceptMs);
  return [
    { name: events, value: median(rounds.map((r) => r.jobsPerSecond)), unit: "jobs/s" },
    {
      name: `${events}: daemon`,
      value: median(rounds.map((r) => r.cpuMsPerJob)),
      unit: "ms of CPU/job",
    },
    { name: `${events}: accept p50`, value: quantile(accept, 0.5), unit: "ms" },
    { name: `${events}: accept p99`, value: quantile(accept, 0.99), unit: "ms" },
  ];
}

/** One job at a time, the daemon idle before each. */
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

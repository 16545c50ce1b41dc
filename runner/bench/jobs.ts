/**
 * `npm run bench -- jobs` measures the whole main path, in turns with other ways to write it
 * (baselines/), and the bare limits of its parts.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { bareLimits } from "./bare-limits.ts";
import { median, quantile, type Figure } from "./figures.ts";
import { cpuSeconds, residentMb } from "./metrics-of.ts";
import { startBaselines } from "./baselines/start-baselines.ts";
import { runLoad, startReceiver, type ReceiverProcess } from "./processes.ts";

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
  const baselines = await startBaselines(folder);
  const targets: readonly Target[] = [{ ...daemon, name: "daemon" }, ...baselines];
  try {
    for (const target of targets) await drain(target, receiver, { jobs: 2_000, on: null });
    const all = new Map<string, Measured[]>(targets.map(({ name }) => [name, []]));
    const one = new Map<string, Measured[]>(targets.map(({ name }) => [name, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [rounds, on] of [
        [all, null],
        [one, ["completed"]],
      ] as const) {
        for (const target of round % 2 === 0 ? targets : targets.toReversed())
          rounds.get(target.name)?.push(await drainMeasured(target, receiver, { jobs, on }));
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
    for (const baseline of baselines) baseline.close();
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

interface Target extends Pick<Daemon, "url" | "process"> {
  readonly name: string;
  readonly token?: string;
}

/** The results of each target, by name, measured in turns. */
type Rounds = ReadonlyMap<string, readonly Measured[]>;

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

/** Like `drain`, and also measures the CPU time of the target and its processes. */
async function drainMeasured(
  target: Target,
  receiver: ReceiverProcess,
  work: { jobs: number; on: readonly string[] | null },
): Promise<Measured> {
  const before = cpuSeconds(target);
  const drained = await drain(target, receiver, work);
  const cpuMsPerJob = ((cpuSeconds(target) - before) * 1000) / work.jobs;
  return { ...drained, cpuMsPerJob };
}

function toFigures(events: string, rounds: Rounds): Figure[] {
  const daemon = rounds.get("daemon") ?? [];
  const accept = daemon.flatMap((round) => round.acceptMs);
  return [
    ...[...rounds].flatMap(([name, measured]) => toTargetFigures(`${events}: ${name}`, measured)),
    ...[...rounds]
      .filter(([name]) => name !== "daemon")
      .map(([name, others]): Figure => {
        const ratios = daemon.map((each, i) => each.jobsPerSecond / others[i]!.jobsPerSecond);
        return { name: `${events}: daemon / ${name}`, value: median(ratios), unit: "×" };
      }),
    { name: `${events}: accept p50`, value: quantile(accept, 0.5), unit: "ms" },
    { name: `${events}: accept p99`, value: quantile(accept, 0.99), unit: "ms" },
  ];
}

function toTargetFigures(name: string, measured: readonly Measured[]): Figure[] {
  return [
    { name, value: median(measured.map((each) => each.jobsPerSecond)), unit: "jobs/s" },
    { name, value: median(measured.map((each) => each.cpuMsPerJob)), unit: "ms of CPU/job" },
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

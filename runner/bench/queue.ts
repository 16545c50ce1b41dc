/**
 * `npm run bench -- queue`: what 200,000 queued jobs cost. A daemon that has them and one that has
 * none are measured in turns, so that whatever else the machine does falls on both.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import { quantile, type Figure } from "./figures.ts";
import { residentMb } from "./metrics-of.ts";
import { runLoad, startReceiver, type ReceiverProcess } from "./processes.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const QUEUED = 200_000;
/** Enough to keep both threads busy while the short queue is measured. */
const SHORT_QUEUE = 1_000;
const ROUNDS = 9;
const ACCEPTS = 1_000;
const PICKUPS = 20;
const NEVER = "2999-01-01T00:00:00.000Z";
const SETTLED_MS = 5_000;

const SCHEDULED = { plugins: ["pause"], input: { ms: 0 }, runAt: NEVER };
/** Two threads run a hundred of these a second. */
const BUSY = { plugins: ["pause"], input: { ms: 20 }, priority: -1 };

export async function benchQueue({ queued = QUEUED }: { queued?: number } = {}): Promise<{
  figures: readonly Figure[];
}> {
  const receiver = await startReceiver();
  const roots = await Promise.all([1, 2, 3, 4].map(() => mkdtemp(join(tmpdir(), "bench-queue-"))));
  const [empty, full, short, long] = await Promise.all(roots.map((root) => start(root)));
  const daemons = [empty, full, short, long].filter((daemon) => daemon !== undefined);
  try {
    if (!empty || !full || !short || !long) throw new Error("A daemon is missing");
    const memory = await fill(full, { body: SCHEDULED, count: queued });
    const scheduled = await compareScheduled({ empty, full, receiver });
    await fill(long, { body: BUSY, count: queued });
    const busy = await compareBusy({ short, long, receiver });
    return {
      figures: [
        { name: `memory that ${queued} queued jobs added`, value: memory, unit: "MB" },
        ...scheduled,
        ...busy,
      ],
    };
  } finally {
    await Promise.all(daemons.map((daemon) => daemon.close()));
    await Promise.all(roots.map((root) => rm(root, { recursive: true, force: true })));
    receiver.close();
  }
}

function start(root: string): Promise<Daemon> {
  return startDaemon({ root, pluginsDir: PLUGINS, env: { PLAYGROUND_LOG_LEVEL: "warn" } });
}

function load(daemon: Daemon, { body, count }: { body: object; count: number }) {
  return runLoad({
    url: `${daemon.url}/v1/jobs`,
    headers: { authorization: `Bearer ${daemon.token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    count,
    concurrency: 16,
  });
}

/** Queues the jobs; the memory that the daemon holds more than before, in MB. */
async function fill(daemon: Daemon, jobs: { body: object; count: number }): Promise<number> {
  // The memory of a daemon that has served requests, with or without a queue.
  await load(daemon, { ...jobs, count: ACCEPTS });
  await sleep(SETTLED_MS);
  const before = residentMb(daemon);
  const { refused } = await load(daemon, jobs);
  if (refused > 0) throw new Error(`${refused} jobs were refused`);
  await sleep(SETTLED_MS);
  return residentMb(daemon) - before;
}

async function compareScheduled({
  empty,
  full,
  receiver,
}: {
  empty: Daemon;
  full: Daemon;
  receiver: ReceiverProcess;
}): Promise<Figure[]> {
  const accepts = await inTurns(empty, full, async (daemon) => {
    const { latencies } = await load(daemon, { body: SCHEDULED, count: ACCEPTS });
    return [...latencies];
  });
  const pickups = await inTurns(empty, full, (daemon) => pickUp(daemon, receiver));
  return [
    ...toFigures("accept, 16 at once", ["empty queue", "long queue"], accepts),
    ...toFigures("pickup, idle", ["empty queue", "all scheduled for later"], pickups),
  ];
}

async function compareBusy({
  short,
  long,
  receiver,
}: {
  short: Daemon;
  long: Daemon;
  receiver: ReceiverProcess;
}): Promise<Figure[]> {
  const pickups = await inTurns(short, long, async (daemon) => {
    if (daemon === short) await load(daemon, { body: BUSY, count: SHORT_QUEUE });
    return pickUp(daemon, receiver);
  });
  const title = "pickup of high priority, threads busy";
  return toFigures(title, ["short queue", "long queue"], pickups);
}

/** From the POST to the arrival of the `started` event, one job at a time. */
async function pickUp(daemon: Daemon, receiver: ReceiverProcess): Promise<number[]> {
  const took: number[] = [];
  const body = {
    plugins: ["pause"],
    input: { ms: 0 },
    priority: 1,
    webhook: { url: receiver.url, on: ["started"] },
  };
  for (let n = 0; n < PICKUPS; n += 1) {
    const reached = receiver.expect(1);
    const from = performance.timeOrigin + performance.now();
    await daemon.post("/v1/jobs", body);
    took.push((await reached) - from);
    await sleep(10);
  }
  return took;
}

type Rounds = readonly (readonly [readonly number[], readonly number[]])[];

async function inTurns(
  a: Daemon,
  b: Daemon,
  measure: (daemon: Daemon) => Promise<number[]>,
): Promise<Rounds> {
  const rounds: [number[], number[]][] = [];
  for (const daemon of [a, b]) await measure(daemon);
  for (let round = 0; round < ROUNDS; round += 1) rounds.push([await measure(a), await measure(b)]);
  return rounds;
}

/** Over all rounds together: a round alone has too few samples for a p99. */
function toFigures(
  title: string,
  [first, second]: readonly [string, string],
  rounds: Rounds,
): Figure[] {
  const a = rounds.flatMap(([samples]) => samples);
  const b = rounds.flatMap(([, samples]) => samples);
  const quantiles = [
    ["p50", 0.5],
    ["p99", 0.99],
  ] as const;
  return quantiles.flatMap(([label, q]): Figure[] => [
    { name: `${title}: ${first}, ${label}`, value: quantile(a, q), unit: "ms" },
    { name: `${title}: ${second}, ${label}`, value: quantile(b, q), unit: "ms" },
    { name: `${title}: slower by, ${label}`, value: quantile(b, q) / quantile(a, q), unit: "×" },
  ]);
}

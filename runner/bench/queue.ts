/**
 * `npm run bench -- queue` measures the cost of 200,000 queued jobs. Daemons with and without the
 * queue are measured alternately, so that other load on the machine affects both.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { startDaemon, type Daemon } from "../test/support/daemon.ts";
import type { Figure } from "./figures.ts";
import { residentMb } from "./metrics-of.ts";
import { alternately, pickUp, toFigures } from "./pickups.ts";
import { runLoad, startReceiver, type ReceiverProcess } from "./processes.ts";

const PLUGINS = fileURLToPath(new URL("plugins", import.meta.url));
const QUEUED = 200_000;
/** Enough to keep both threads busy while the short queue is measured. */
const SHORT_QUEUE = 1_000;
const ACCEPTS = 1_000;
const NEVER = "2999-01-01T00:00:00.000Z";
const SETTLED_MS = 5_000;

const SCHEDULED = { plugins: ["pause"], input: { ms: 0 }, runAt: NEVER };
/** Two threads run a hundred of these jobs per second. */
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
        { name: `memory added by ${queued} queued jobs`, value: memory, unit: "MB" },
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

/** Queues the jobs. Returns the added memory of the daemon in MB. */
async function fill(daemon: Daemon, jobs: { body: object; count: number }): Promise<number> {
  // The first requests need memory too, with or without a queue.
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
  const accepts = await alternately(empty, full, async (daemon) => {
    const { latencies } = await load(daemon, { body: SCHEDULED, count: ACCEPTS });
    return [...latencies];
  });
  const pickups = await alternately(empty, full, (daemon) => pickUp(daemon, receiver));
  return [
    ...toFigures("accept, 16 in parallel", ["empty queue", "long queue"], accepts),
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
  const pickups = await alternately(short, long, async (daemon) => {
    if (daemon === short) await load(daemon, { body: BUSY, count: SHORT_QUEUE });
    return pickUp(daemon, receiver);
  });
  const title = "pickup of high priority, threads busy";
  return toFigures(title, ["short queue", "long queue"], pickups);
}

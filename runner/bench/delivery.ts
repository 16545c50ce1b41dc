/**
 * `npm run bench -- delivery` compares 50,000 stored deliveries to 1 and to 50 endpoints with bare
 * POSTs.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDaemon } from "../test/support/daemon.ts";
import { median, type Figure } from "./figures.ts";
import { sampleResidentMb } from "./metrics-of.ts";
import { EVENTS_PER_JOB, preload } from "./preload.ts";
import { runBareSender, startReceiver, type ReceiverProcess } from "./processes.ts";

const DELIVERIES = 50_000;
const ROUNDS = 7;
const ENDPOINTS = 50;

interface Run {
  readonly perSecond: number;
  readonly startMb: number;
  readonly peakMb: number;
  readonly bodies: readonly string[];
}

interface Round {
  readonly ours: Run;
  readonly barePerSecond: number;
}

export async function benchDelivery(): Promise<{ figures: readonly Figure[] }> {
  const receiver = await startReceiver({ endpoints: ENDPOINTS });
  try {
    const one: Round[] = [];
    const fifty: Round[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      one.push(await measure(receiver, 1));
      fifty.push(await measure(receiver, ENDPOINTS));
    }
    return {
      figures: [...toFigures("1 endpoint", one), ...toFigures(`${ENDPOINTS} endpoints`, fifty)],
    };
  } finally {
    receiver.close();
  }
}

/**
 * Measures the daemon and the bare POSTs directly after each other, because the machine's speed
 * drifts.
 */
async function measure(receiver: ReceiverProcess, endpoints: number): Promise<Round> {
  const ours = await drain(receiver, endpoints);
  return { ours, barePerSecond: await bareRate(receiver, { endpoints, bodies: ours.bodies }) };
}

function toFigures(to: string, rounds: readonly Round[]): Figure[] {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
  return [
    { name: `to ${to}`, value: of(({ ours }) => ours.perSecond), unit: "deliveries/s" },
    {
      name: `to ${to}: bare undici.request, signed`,
      value: of(({ barePerSecond }) => barePerSecond),
      unit: "deliveries/s",
    },
    {
      name: `to ${to}: daemon / bare`,
      value: of(({ ours, barePerSecond }) => ours.perSecond / barePerSecond),
      unit: "×",
    },
    { name: `to ${to}: memory at the start`, value: of(({ ours }) => ours.startMb), unit: "MB" },
    { name: `to ${to}: peak memory`, value: of(({ ours }) => ours.peakMb), unit: "MB" },
  ];
}

/**
 * Starts a daemon on a store full of due deliveries. Measures from the first arrival to the last.
 */
async function drain(receiver: ReceiverProcess, endpoints: number): Promise<Run> {
  const root = await mkdtemp(join(tmpdir(), "playground-bench-"));
  try {
    const urls = receiver.urls.slice(0, endpoints);
    const jobsPerUrl = Math.ceil(DELIVERIES / EVENTS_PER_JOB / endpoints);
    const { deliveries, bodies } = await preload(join(root, "data"), { urls, jobsPerUrl });
    const reached = receiver.expectTimed(deliveries);
    const daemon = await startDaemon({ root, env: { PLAYGROUND_LOG_LEVEL: "error" } });
    const sampling = sampleResidentMb(daemon, 250);
    try {
      const { firstAt, lastAt } = await reached;
      const residentMbs = sampling.stop();
      return {
        perSecond: (deliveries * 1000) / (lastAt - firstAt),
        startMb: residentMbs[0] ?? Number.NaN,
        peakMb: Math.max(...residentMbs),
        bodies,
      };
    } finally {
      sampling.stop();
      await daemon.close();
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/**
 * Sends the same number of signed POSTs with the same bodies to the same endpoints, only with
 * `undici.request`. Like the daemon, the sender is a new process.
 */
async function bareRate(
  receiver: ReceiverProcess,
  { endpoints, bodies }: { endpoints: number; bodies: readonly string[] },
): Promise<number> {
  const urls = receiver.urls.slice(0, endpoints);
  const reached = receiver.expectTimed(DELIVERIES);
  await runBareSender({ urls, bodies, count: DELIVERIES });
  const { firstAt, lastAt } = await reached;
  return (DELIVERIES * 1000) / (lastAt - firstAt);
}

/**
 * `npm run bench -- delivery-soak` measures the daemon's resident memory during 200,000 deliveries.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startDaemon } from "../test/support/daemon.ts";
import { median, type Figure } from "./figures.ts";
import { residentMb, sampleResidentMb } from "./metrics-of.ts";
import { EVENTS_PER_JOB, preload } from "./preload.ts";
import { startReceiver } from "./processes.ts";

const DELIVERIES = 200_000;
const ENDPOINTS = 10;
const SAMPLE_MS = 500;
/** V8 returns its reserve memory after some seconds without allocations. */
const REST_MS = 15_000;

export async function benchDeliverySoak(): Promise<{ figures: readonly Figure[] }> {
  const receiver = await startReceiver({ endpoints: ENDPOINTS });
  const root = await mkdtemp(join(tmpdir(), "playground-bench-"));
  try {
    const jobsPerUrl = Math.ceil(DELIVERIES / EVENTS_PER_JOB / ENDPOINTS);
    const { deliveries } = await preload(join(root, "data"), { urls: receiver.urls, jobsPerUrl });
    const reached = receiver.expectTimed(deliveries);
    const daemon = await startDaemon({ root, env: { PLAYGROUND_LOG_LEVEL: "error" } });
    const sampling = sampleResidentMb(daemon, SAMPLE_MS);
    try {
      const { firstAt, lastAt } = await reached;
      const samples = sampling.stop();
      const perSecond = (deliveries * 1000) / (lastAt - firstAt);
      await sleep(REST_MS);
      return { figures: toFigures(samples, perSecond, residentMb(daemon)) };
    } finally {
      sampling.stop();
      await daemon.close();
    }
  } finally {
    await rm(root, { recursive: true, force: true });
    receiver.close();
  }
}

/** The first quarter is the warm-up. Without a leak, the last quarter equals the second. */
function toFigures(samples: readonly number[], perSecond: number, restedMb: number): Figure[] {
  const quarter = (n: number): number =>
    median(samples.slice((n * samples.length) / 4, ((n + 1) * samples.length) / 4));
  return [
    { name: "200,000 deliveries to 10 endpoints", value: perSecond, unit: "deliveries/s" },
    { name: "resident at the start", value: samples[0] ?? Number.NaN, unit: "MB" },
    {
      name: "resident after the warm-up, median of the 2nd quarter",
      value: quarter(1),
      unit: "MB",
    },
    { name: "resident at the end, median of the last quarter", value: quarter(3), unit: "MB" },
    { name: "resident, peak", value: Math.max(...samples), unit: "MB" },
    { name: "resident after 15 s of rest", value: restedMb, unit: "MB" },
    { name: "ratio of the end to after the warm-up", value: quarter(3) / quarter(1), unit: "×" },
  ];
}

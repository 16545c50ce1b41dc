import { readFileSync } from "node:fs";
import type { Daemon } from "../test/support/daemon.ts";

/** The CPU time of all the daemon's threads, in seconds. */
export function cpuSeconds(daemon: Daemon): Promise<number> {
  return metricOf(daemon, "process_cpu_seconds_total");
}

/** Reads the value from Linux, so that the measurement causes no work in the daemon. */
export function residentMb({ process: { pid } }: Pick<Daemon, "process">): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024) / 1e6;
}

/** Samples the daemon's resident memory in MB until it is stopped. */
export function sampleResidentMb(daemon: Daemon, everyMs: number): { stop(): readonly number[] } {
  const samples = [residentMb(daemon)];
  const sampling = setInterval(() => samples.push(residentMb(daemon)), everyMs);
  return {
    stop() {
      clearInterval(sampling);
      return samples;
    },
  };
}

async function metricOf(daemon: Daemon, name: string): Promise<number> {
  const text = await (await daemon.request("/metrics")).text();
  const value = new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`/metrics has no metric ${name}`);
  return Number(value);
}

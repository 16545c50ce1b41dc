import type { Daemon } from "../test/support/daemon.ts";

/** CPU time that the daemon has used, all its threads together. */
export function cpuSeconds(daemon: Daemon): Promise<number> {
  return metricOf(daemon, "process_cpu_seconds_total");
}

export async function residentMb(daemon: Daemon): Promise<number> {
  return (await metricOf(daemon, "process_resident_memory_bytes")) / 1e6;
}

async function metricOf(daemon: Daemon, name: string): Promise<number> {
  const text = await (await daemon.request("/metrics")).text();
  const value = new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`/metrics has no ${name}`);
  return Number(value);
}

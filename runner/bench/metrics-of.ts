import { readdirSync, readFileSync } from "node:fs";
import type { Daemon } from "../test/support/daemon.ts";

/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** A daemon, or whatever else has its work done by a process and its children. */
interface WithProcess {
  readonly process: { readonly pid?: number | undefined };
}

/** The CPU time of the daemon and of the processes it has started, those that have ended included, in seconds. */
export function cpuSeconds(daemon: WithProcess): number {
  const ticks = processesOf(daemon).map((pid) => {
    const stat = readStat(pid);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // utime, stime, and those of the children that have ended.
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}

/** Of a process that has just ended, nothing: its time is then with its parent's. */
function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}

/** The memory of the daemon and of the processes it has started, read from Linux, so that the measurement causes no work. */
export function residentMb(daemon: Pick<Daemon, "process">): number {
  const mb = processesOf(daemon).map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024) / 1e6;
  });
  return mb.reduce((sum, each) => sum + each, 0);
}

function processesOf({ process: { pid } }: WithProcess): number[] {
  const folder = `/proc/${pid}/task`;
  const children = readdirSync(folder).flatMap((thread) =>
    readFileSync(`${folder}/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return [Number(pid), ...children];
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

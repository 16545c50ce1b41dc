/** Samples the memory of the daemon, and of the daemon with all processes that it and plugins have started. */
import { readdirSync, readFileSync } from "node:fs";

export interface Footprint {
  /** The daemon's resident memory, in MiB. */
  readonly daemonMb: readonly number[];
  /** The proportional memory (PSS) of all: a page that two processes share counts half for each. In MiB. */
  readonly allMb: readonly number[];
}

export function sampleFootprint(pid: number, everyMs: number): { stop(): Footprint } {
  const daemonMb: number[] = [];
  const allMb: number[] = [];
  const sampling = setInterval(() => {
    daemonMb.push(memoryMb(pid, "Rss"));
    allMb.push(treeOf(pid).reduce((sum, each) => sum + memoryMb(each, "Pss"), 0));
  }, everyMs);
  return {
    stop() {
      clearInterval(sampling);
      return { daemonMb, allMb };
    },
  };
}

/** Returns 0 for a process that has ended. */
function memoryMb(pid: number, field: "Rss" | "Pss"): number {
  const rollup = readOrEmpty(`/proc/${pid}/smaps_rollup`);
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? 0) / 1024;
}

function treeOf(pid: number): number[] {
  const children = threadsOf(pid).flatMap((thread) =>
    readOrEmpty(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(treeOf)];
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

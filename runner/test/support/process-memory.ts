/** How much memory a daemon's processes use while a test works. */
import { readFileSync, readdirSync } from "node:fs";
import type { Daemon } from "./daemon.ts";

/** 0 for a process that has ended. */
function residentBytes(pid: number): number {
  const [, kib = "0"] = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kib) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The daemon's processes: itself, and those that run plugins. */
function pidsOf(daemon: Daemon): number[] {
  const daemonPid = daemon.process.pid!;
  const isChild = (pid: string): boolean =>
    read(`/proc/${pid}/stat`).split(") ")[1]?.split(" ")[1] === String(daemonPid);
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isChild(name));
  return [daemonPid, ...children.map(Number)];
}

/** Runs the work, and returns the most memory that each process had in addition to before. */
export async function mostMemory(daemon: Daemon, work: () => Promise<void>): Promise<number[]> {
  const before = new Map(pidsOf(daemon).map((pid) => [pid, residentBytes(pid)]));
  const most = new Map(before);
  const timer = setInterval(() => {
    for (const pid of before.keys()) {
      most.set(pid, Math.max(most.get(pid) ?? 0, residentBytes(pid)));
    }
  }, 10);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return [...before].map(([pid, bytes]) => (most.get(pid) ?? 0) - bytes);
}

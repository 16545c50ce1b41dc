/** A memory cgroup for the daemon: a machine with less memory than this one. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../test/support/until.ts";

export interface MemoryCgroup {
  /** Moves this process into it. Children that start now start in it. */
  enter(): void;
  leave(): void;
  /** How many processes the kernel has ended because the memory was used up. */
  oomKills(): number;
  /** Waits until its processes have ended. */
  remove(): Promise<void>;
}

const ROOT = "/sys/fs/cgroup";
const NAME = `playground-abuse-${process.pid}`;

/** Returns null where this process cannot create one: not on Linux, or without the rights. */
export function createMemoryCgroup(bytes: number): MemoryCgroup | null {
  try {
    const own = readFileSync("/proc/self/cgroup", "utf8");
    const v1 = /^\d+:memory:(.+)$/m.exec(own)?.[1];
    const v2 = /^0::(.+)$/m.exec(own)?.[1] ?? "/";
    // The sibling of the own cgroup: with version 2, a cgroup with processes can have no children.
    const parent = v1 === undefined ? join(ROOT, v2, "..") : join(ROOT, "memory");
    const folder = join(parent, NAME);
    mkdirSync(folder);
    try {
      const limit = v1 === undefined ? "memory.max" : "memory.limit_in_bytes";
      writeFileSync(join(folder, limit), String(bytes));
    } catch (error) {
      rmdirSync(folder);
      throw error;
    }
    const home = v1 === undefined ? join(ROOT, v2) : join(ROOT, "memory", v1);
    const events = join(folder, v1 === undefined ? "memory.events" : "memory.oom_control");
    return {
      enter: () => writeFileSync(join(folder, "cgroup.procs"), String(process.pid)),
      leave: () => writeFileSync(join(home, "cgroup.procs"), String(process.pid)),
      oomKills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(events, "utf8"))?.[1] ?? 0),
      async remove() {
        const procs = join(folder, "cgroup.procs");
        await until("the processes to end", () => readFileSync(procs, "utf8") === "");
        rmdirSync(folder);
      },
    };
  } catch {
    return null;
  }
}

import { readdir, readFile, readlink } from "node:fs/promises";

/** The ids of the process's children, zombies included, as Linux reports them. */
export async function childrenOf(pid: number | undefined): Promise<number[]> {
  const folder = `/proc/${pid}/task`;
  const threads = await readdir(folder).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`${folder}/${thread}/children`, "utf8").catch(() => "")),
  );
  return lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
}

/** The process's state, such as "S" or "Z", or null when it does not exist. */
export async function stateOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  return stat === null ? null : (/\) (\S)/.exec(stat)?.[1] ?? null);
}

/** The ids of the processes whose working directory is the folder. Zombies have none. */
export async function processesIn(folder: string): Promise<number[]> {
  const entries = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    entries.map(async (pid) => (await readlink(`/proc/${pid}/cwd`).catch(() => null)) === folder),
  );
  return entries.filter((_, index) => found[index]).map(Number);
}

/** Whether the process has ended. An orphan stays a zombie where no init reaps it, as in a container. */
export async function hasEnded(pid: number): Promise<boolean> {
  const state = await stateOf(pid);
  return state === null || state === "Z";
}

/** Linux counts in ticks of a hundredth of a second. */
const TICK_MS = 10;

/**
 * The processor time of the process's main thread so far, in ms. A limit for it holds on a machine where
 * other processes run too, as one for the time of day does not.
 */
export async function mainThreadCpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/task/${pid}/stat`, "utf8");
  // After the name, which can contain spaces: `utime` and `stime`.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

import { readdir, readFile } from "node:fs/promises";

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

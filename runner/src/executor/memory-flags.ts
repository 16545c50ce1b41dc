/**
 * V8's `--max-old-space-size` overrides the memory limit of every thread in its process
 * (nodejs/node#43991), so it must not reach a process that runs plugins.
 */

const NAME = "--max[-_](?:old[-_]space[-_]size(?:[-_]percentage)?|heap[-_]size)";
const FLAG = new RegExp(`^${NAME}(?:=|$)`);
const IN_OPTIONS = new RegExp(`(?<=^|\\s)"?${NAME}(?:=[^\\s"]*|\\s+\\d+)?"?(?=\\s|$)`, "g");

/** Returns the flags in the value of NODE_OPTIONS that would lift the memory limit of a thread. */
export function memoryFlagsIn(nodeOptions: string): string[] {
  return nodeOptions.match(IN_OPTIONS) ?? [];
}

/** Returns the environment without these flags in NODE_OPTIONS. */
export function withoutMemoryFlags<Env extends Readonly<Record<string, string | undefined>>>(
  env: Env,
): Env {
  const options = env["NODE_OPTIONS"];
  if (options === undefined) return env;
  const NODE_OPTIONS = options.replaceAll(IN_OPTIONS, "").replaceAll(/\s+/g, " ").trim();
  return { ...env, NODE_OPTIONS };
}

/** Bounds how much garbage a heap can contain, which the limit in pool/watch-memory.ts relies on. */
const HEAP_GROWTH = "--heap-growing-percent=50";

/**
 * Returns the command-line flags of Node for an executor: those of the daemon, without the memory
 * flags, and without the debugger, whose port the daemon already uses.
 */
export function executorFlags(flags: readonly string[]): string[] {
  const kept = flags.filter((flag, at) => {
    const isValue = /^\d+$/.test(flag) && FLAG.test(flags[at - 1] ?? "");
    return !isValue && !FLAG.test(flag) && !/^--(?:inspect|debug)/.test(flag);
  });
  return [HEAP_GROWTH, ...kept];
}

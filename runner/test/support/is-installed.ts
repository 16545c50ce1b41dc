import { spawnSync } from "node:child_process";

/** Whether this machine has the program. Says so if not, because then a test is left out. */
export function isInstalled(command: string): boolean {
  const isThere = spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
  if (!isThere) console.log(`${command} is not tested: it is not installed.`);
  return isThere;
}

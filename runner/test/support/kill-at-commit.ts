/** Kills a process before or after it commits a certain change (kill-at-commit.mjs). */
import { rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const PRELOAD = fileURLToPath(new URL("kill-at-commit.mjs", import.meta.url));

export type Moment = "before" | "after";
export const MOMENTS: readonly Moment[] = ["before", "after"];

/** The environment of a process that the plan in the file can kill. */
export function killable(plan: string): Record<string, string> {
  return { KILL_PLAN: plan, NODE_OPTIONS: `--import=${PRELOAD}` };
}

/** Kills the next process that commits a transaction with such a statement. `on` is a part of its text. */
export async function planKill(plan: string, at: Moment, on: string): Promise<void> {
  await writeFile(`${plan}.new`, JSON.stringify({ at, on }));
  await rename(`${plan}.new`, plan);
}

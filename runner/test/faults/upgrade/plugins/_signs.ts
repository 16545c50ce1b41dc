/** The plugins of the upgrade test write down what they run, and look for files that tell them what to do. */
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";

/** One run of a step. */
export interface Run {
  readonly job: string;
  readonly step: number;
  /** 1 for the first daemon on the data folder, 2 for the second … */
  readonly life: number;
}

export function tellRun(job: string, step: number): void {
  const run: Run = { job, step, life: Number(process.env["UPGRADE_LIFE"]) };
  appendFileSync(String(process.env["UPGRADE_RUNS"]), `${JSON.stringify(run)}\n`);
}

/** While `gate` is there, steps with `waits` wait. While `fault` is there, those with `fails: "at first"` fail. */
export function isThere(sign: "gate" | "fault"): boolean {
  return existsSync(join(String(process.env["UPGRADE_SIGNS"]), sign));
}

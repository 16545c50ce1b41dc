/** The upgrade test's plugins record their runs, and check for sign files that control them. */
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";

/** One run of a step. */
export interface Run {
  readonly job: string;
  readonly step: number;
  /** 1 for the first daemon on the data folder, 2 for the second … */
  readonly life: number;
}

export function recordRun(job: string, step: number): void {
  const run: Run = { job, step, life: Number(process.env["UPGRADE_LIFE"]) };
  appendFileSync(String(process.env["UPGRADE_RUNS"]), `${JSON.stringify(run)}\n`);
}

/** While `gate` exists, steps with `waits` wait. While `fault` exists, steps with `fails: "at first"` fail. */
export function hasSign(sign: "gate" | "fault"): boolean {
  return existsSync(join(String(process.env["UPGRADE_SIGNS"]), sign));
}

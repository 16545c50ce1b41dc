/**
 * Loaded into the daemon before all else (`--import`): on SIGUSR2 it does what the file
 * DISTURB_FILE says, `{"clockMs": n}` to set the clock of every thread off by n, or
 * `{"blockMs": n}` to block the main thread.
 */
import { readFileSync } from "node:fs";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

const KEY = "disturb.clock";
if (isMainThread) {
  setEnvironmentData(KEY, new Float64Array(new SharedArrayBuffer(8)));
  process.on("SIGUSR2", disturb);
}
const clock = getEnvironmentData(KEY) as unknown as Float64Array;

const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args: []) {
    // With no argument it is the present instant, which is ours to tell.
    super(...(args.length === 0 ? ([now()] as unknown as []) : args));
  }
  static override now = now;
} as DateConstructor;

function now(): number {
  return RealDate.now() + (clock[0] ?? 0);
}

function disturb(): void {
  const { clockMs, blockMs } = JSON.parse(
    readFileSync(process.env["DISTURB_FILE"] ?? "", "utf8"),
  ) as { clockMs?: number; blockMs?: number };
  if (clockMs !== undefined) clock[0] = clockMs;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs ?? 0);
}

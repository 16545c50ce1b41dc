/**
 * Loaded into the daemon before its own code (`--import`). On SIGUSR2 it reads the file DISTURB_FILE:
 * `{"clockMs": n}` shifts the clock of every thread by n ms, and `{"blockMs": n}` blocks the main
 * thread for n ms.
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
    // Without arguments, `new Date()` is the shifted current time.
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

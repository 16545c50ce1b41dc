import { getPriority, setPriority } from "node:os";

/** When both are busy, a thread with a niceness 5 higher gets a third of the other's CPU time. */
const NICER_BY = 5;
const NICEST = 19;

/**
 * Gives plugin threads a lower priority than the daemon's own, because plugins can use every
 * processor, and clients and endpoints must not wait for them. Linux has a priority per thread.
 * Other systems have one per process, which stays as it is.
 */
export function lowerPriority(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(0, Math.min(NICEST, getPriority(0) + NICER_BY));
  } catch {
    // A sandbox can forbid it. Plugins run with the normal priority then.
  }
}

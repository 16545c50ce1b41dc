import { getPriority, setPriority } from "node:os";

/** Where both want the processor, a thread that is nicer by so much gets a third of the other's time. */
const NICER_BY = 5;
const NICEST = 19;

/**
 * Lets the daemon's own threads go first: plugins may want all the processors there are, and callers
 * and endpoints must not wait for them. Linux has a priority for each thread; elsewhere it is the
 * process's, and stays.
 */
export function giveWay(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(0, Math.min(NICEST, getPriority(0) + NICER_BY));
  } catch {
    // A sandbox may forbid it; plugins run all the same.
  }
}

import { writeFileSync } from "node:fs";

/** The highest value. Without it the kernel ends the largest process, which can be the daemon. */
const FIRST = "1000";

/**
 * Makes Linux end this process, and those that it starts, before the daemon when the memory of the
 * machine or of the container is used up (proc(5), oom_score_adj).
 */
export function endFirstWithoutMemory(): void {
  if (process.platform !== "linux") return;
  try {
    writeFileSync("/proc/self/oom_score_adj", FIRST);
  } catch {
    // A container can have /proc without write access.
  }
}

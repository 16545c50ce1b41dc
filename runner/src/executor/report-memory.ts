/** Reports the memory of this executor to the daemon while steps run. An idle executor does not wake up. */
import type { ThreadPool } from "../pool/thread-pool.ts";
import type { MemoryReport } from "./messages.ts";
import { systemClock } from "../system/clock.ts";

const CHECK_MS = 100;
/** A smaller change is reported with the next full second. */
const STEP_BYTES = 8 * 1024 * 1024;
const REPEAT_MS = 1_000;

export interface MemoryReporter {
  stepStarted(): void;
  stepEnded(): void;
}

export function createMemoryReporter(
  pool: Pick<ThreadPool, "largestStep">,
  report: (memory: MemoryReport) => void,
): MemoryReporter {
  let steps = 0;
  let timer: NodeJS.Timeout | undefined;
  let last = { rss: 0, at: 0 };

  function check(): void {
    const rss = process.memoryUsage.rss();
    const now = systemClock.monotonic();
    const isLast = steps === 0;
    if (isLast || now - last.at >= REPEAT_MS || Math.abs(rss - last.rss) >= STEP_BYTES) {
      last = { rss, at: now };
      report({ rss, largest: pool.largestStep() });
    }
    if (!isLast) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    stepStarted() {
      steps += 1;
      timer ??= setInterval(check, CHECK_MS);
    },
    stepEnded() {
      steps -= 1;
    },
  };
}

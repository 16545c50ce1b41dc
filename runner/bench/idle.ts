/**
 * `npm run bench -- idle` measures the time until a daemon is ready, and its memory when it is
 * idle.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { startDaemon } from "../test/support/daemon.ts";
import { median, quantile, type Figure } from "./figures.ts";
import { residentMb } from "./metrics-of.ts";

const STARTS = 10;
/** After this time the plugin threads have started and the start's garbage is collected. */
const SETTLED_MS = 5_000;

export async function benchIdle(): Promise<{ figures: readonly Figure[] }> {
  const readyMs: number[] = [];
  const residentMbs: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const from = performance.now();
    const daemon = await startDaemon({ env: { PLAYGROUND_LOG_LEVEL: "warn" } });
    readyMs.push(performance.now() - from);
    try {
      if (start % 3 === 0) {
        await sleep(SETTLED_MS);
        residentMbs.push(residentMb(daemon));
      }
    } finally {
      await daemon.close();
    }
  }
  return {
    figures: [
      { name: "spawn to ready, median of 10", value: median(readyMs), unit: "ms" },
      { name: "spawn to ready, fastest of 10", value: quantile(readyMs, 0), unit: "ms" },
      { name: "spawn to ready, slowest of 10", value: quantile(readyMs, 1), unit: "ms" },
      { name: "resident, idle, two threads", value: median(residentMbs), unit: "MB" },
    ],
  };
}

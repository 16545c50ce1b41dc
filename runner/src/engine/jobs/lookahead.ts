/**
 * How many jobs to claim beyond the free threads. Without lookahead, a thread that ends a short step
 * waits for the next claim's commit; on two threads that took 60 % of the time
 * (docs/explanation/performance.md). Long steps gain nothing, and their jobs would wait as `running`.
 */
export interface Lookahead {
  stepEnded(durationMs: number): void;
  /** Jobs that were claimed ahead went back to the queue: claims none ahead until steps are short again. */
  tooFar(): void;
  jobs(): number;
}

/** A job that is claimed ahead begins within about this time. */
const HORIZON_MS = 50;
const MAX_JOBS = 64;
/** The weight of the newest step in the moving average. */
const WEIGHT = 0.1;
/** About fifty short steps bring the average down from this. */
const TOO_LONG_MS = 10_000;
/** Shorter steps count as this long. */
const SHORTEST_MS = 0.5;

export function createLookahead(threads: number): Lookahead {
  let meanMs: number | null = null;
  return {
    stepEnded(durationMs) {
      meanMs = meanMs === null ? durationMs : meanMs + WEIGHT * (durationMs - meanMs);
    },
    tooFar() {
      meanMs = TOO_LONG_MS;
    },
    jobs() {
      if (meanMs === null) return 0;
      const expected = Math.floor((threads * HORIZON_MS) / Math.max(SHORTEST_MS, meanMs));
      // With less than one job per thread, claiming when a thread becomes free is as fast.
      return expected < threads ? 0 : Math.min(MAX_JOBS, expected);
    },
  };
}

/**
 * How many jobs to claim beyond the free threads. Without any, a thread that ends a short step
 * waits for the next claim's commit: on two threads that was 60 % of the time (docs/explanation/
 * performance.md). Long steps gain nothing from it, and a job must not look running while it waits.
 */
export interface Lookahead {
  stepEnded(durationMs: number): void;
  /** Jobs claimed ahead had to go back: claim none until steps are seen to be short again. */
  tooFar(): void;
  jobs(): number;
}

/** Jobs claimed ahead are begun within about this time. */
const HORIZON_MS = 50;
const MAX_JOBS = 64;
/** Weight of the newest step in the running mean. */
const WEIGHT = 0.1;
/** Some fifty short steps bring the mean down from this. */
const TOO_LONG_MS = 10_000;
/** Steps too short to be told from none, in ms. */
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
      // Below one each, claiming as threads come free is as good.
      return expected < threads ? 0 : Math.min(MAX_JOBS, expected);
    },
  };
}

import type { Telemetry } from "../../ports/telemetry.ts";
import type { StatsRecorder } from "./stats-recorder.ts";

/** Counts what is reported to the metrics in the stats as well. */
export function withStats(
  metrics: Telemetry,
  { telemetry: stats }: Pick<StatsRecorder, "telemetry">,
): Telemetry {
  return {
    refused: (limit, count) => metrics.refused(limit, count),
    jobsSubmitted(count) {
      metrics.jobsSubmitted(count);
      stats.jobsSubmitted(count);
    },
    jobBegan(job) {
      metrics.jobBegan(job);
      stats.jobBegan(job);
    },
    jobEnded(job) {
      metrics.jobEnded(job);
      stats.jobEnded(job);
    },
    stepEnded(step) {
      metrics.stepEnded(step);
      stats.stepEnded(step);
    },
    attemptEnded(attempt) {
      metrics.attemptEnded(attempt);
      stats.attemptEnded(attempt);
    },
    slotsDecided: (state, count) => metrics.slotsDecided(state, count),
    deliveriesGivenUp(count) {
      metrics.deliveriesGivenUp(count);
      stats.deliveriesGivenUp(count);
    },
  };
}

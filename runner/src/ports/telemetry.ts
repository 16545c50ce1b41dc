import type { LimitName } from "../domain/limits.ts";

/** What the engine reports to the metrics. Labels have few values and contain no ids. */
export interface Telemetry {
  /** Counts what was over a limit: requests, steps or log lines. `count` is 1 when left out. */
  refused(limit: LimitName, count?: number): void;
  jobEnded(job: {
    status: "completed" | "failed";
    failureCode: string | null;
    durationMs: number;
  }): void;
  stepEnded(step: { plugin: string; ok: boolean; durationMs: number }): void;
  /** `sinceEventMs` is the time from the event to the end of this attempt. */
  attemptEnded(attempt: {
    outcome: "delivered" | "retry" | "dead";
    first: boolean;
    durationMs: number;
    sinceEventMs: number;
  }): void;
}

export interface RelayState {
  readonly inFlight: number;
  readonly bytesInFlight: number;
  /** Destinations whose circuit is open. */
  readonly openDestinations: number;
}

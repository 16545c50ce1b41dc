import type { LimitName } from "../domain/limits.ts";

/** What the engine tells whoever counts; the labels are few and hold no ids. */
export interface Telemetry {
  /** So much was over a limit: requests, steps, or lines of a log. */
  refused(limit: LimitName, count?: number): void;
  jobEnded(job: {
    status: "completed" | "failed";
    failureCode: string | null;
    durationMs: number;
  }): void;
  stepEnded(step: { plugin: string; ok: boolean; durationMs: number }): void;
  /** `sinceEventMs`: from the event to this attempt's end. */
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

import type { SlotState } from "../domain/schedule.ts";
import type { CountedLimit } from "../domain/limits.ts";

/** What the engine reports to the metrics. Labels have few values and contain no ids. */
export interface Telemetry {
  /** Counts what was over a limit: requests, steps or log lines. `count` is 1 when left out. */
  refused(limit: CountedLimit, count?: number): void;
  /** New jobs are stored. */
  jobsSubmitted(count: number): void;
  /** `waitMs` is the time from when the job could run until its first step starts. */
  jobBegan(job: { waitMs: number }): void;
  /** `durationMs` is null if no step has started. */
  jobEnded(job: {
    status: "completed" | "failed";
    failureCode: string | null;
    durationMs: number | null;
  }): void;
  stepEnded(step: { plugin: string; ok: boolean; durationMs: number }): void;
  /** `sinceEventMs` is the time from the event to the end of this attempt. */
  attemptEnded(attempt: {
    /** Its number, which is no label. */
    destination: number;
    outcome: "delivered" | "retry" | "dead";
    first: boolean;
    durationMs: number;
    sinceEventMs: number;
  }): void;
  /** Slots of schedules got a job, or none. */
  slotsDecided(state: SlotState, count: number): void;
  /** Deliveries were given up because they were too old, without an attempt. */
  deliveriesGivenUp(count: number): void;
}

export interface RelayState {
  readonly inFlight: number;
  readonly bytesInFlight: number;
  /** Destinations whose circuit is open. */
  readonly openDestinations: number;
}

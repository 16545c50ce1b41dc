/** What the job's state machine stores. */
import type { ErrorGroup } from "./error-group.ts";
import type { Failure } from "./errors.ts";
import type { JobEvent } from "./event.ts";
import type { FileInfo } from "./file.ts";
import type { JobStatus, StepMetrics } from "./job-spec.ts";
import type { JsonText } from "./json-text.ts";
import type { RetryWish } from "./step-retry.ts";

/** What one transaction stores. */
export type Transition = Progress | StepRetry;

/** The job goes on under the same claim, or ends. A field that is left out does not change. */
export interface Progress {
  readonly status: Exclude<JobStatus, "queued">;
  readonly sequence: number;
  readonly events: readonly JobEvent[];
  readonly step?: StepRecord;
  readonly failure?: Failure;
  readonly errorGroup?: ErrorGroup;
  readonly endedAt?: number;
  /** The id of the schedule whose job has ended. */
  readonly schedule?: string;
  /** The files that the step wrote. */
  readonly files?: readonly WrittenFile[];
}

/** The next step failed and is to run again. The claim ends, and the job is queued until then. */
export interface StepRetry {
  readonly status: "queued";
  /** Unchanged. */
  readonly sequence: number;
  readonly events: readonly [];
  readonly at: number;
  readonly attempt: StepAttempt;
  /** How long the attempt ran, in whole ms. */
  readonly durationMs: number;
}

/** A file that a step wrote. Its content is on disk. */
export interface WrittenFile extends FileInfo {
  readonly createdAt: number;
}

/** A step's outcome as it is stored. */
export interface StepRecord {
  readonly index: number;
  readonly plugin: string;
  readonly status: "completed" | "failed";
  readonly startedAt: number;
  readonly endedAt: number;
  readonly metrics: StepMetrics | null;
  readonly output: JsonText | null;
  readonly failure: Failure | null;
}

export interface StepTiming {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** An attempt of a step that failed, and was or is to be followed by another. */
export interface StepAttempt extends StepTiming {
  /** The index of the step. */
  readonly step: number;
  /** Counts from 1 since a client queued the job. */
  readonly number: number;
  readonly failure: Failure;
}

/** How a plugin's run ended. */
export type StepResult = StepTiming & {
  /** The time between both instants by a clock that nobody sets. */
  readonly durationMs: number;
} & (
    | {
        readonly ok: true;
        readonly output: JsonText;
        readonly metrics: StepMetrics;
        /** Left out if the plugin wrote none. */
        readonly files?: readonly FileInfo[];
      }
    | {
        readonly ok: false;
        readonly failure: Failure;
        readonly metrics: StepMetrics | null;
        /** Left out if the plugin asked for nothing. */
        readonly retry?: RetryWish;
      }
  );

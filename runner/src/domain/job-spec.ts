/** A job's fixed fields and completed steps. `job.ts` decides its changes of state. */
import type { JsonText } from "./json-text.ts";
import type { JobSchedule } from "./schedule.ts";
import type { StepLimit } from "./plugin-limits.ts";
import type { RetryPolicy } from "./step-retry.ts";
import type { TraceContext } from "./trace-context.ts";

export const JOB_STATUSES = ["queued", "running", "completed", "failed"] as const;

export type JobStatus = (typeof JOB_STATUSES)[number];

export interface PluginCall {
  readonly name: string;
  readonly options: JsonText;
}

/** Numbers a step counted; `processedItems` and `duration` (ms) are always present. */
export interface StepMetrics {
  readonly processedItems: number;
  readonly duration: number;
  readonly [name: string]: number;
}

export interface CompletedStep {
  readonly plugin: string;
  readonly metrics: StepMetrics;
  readonly output: JsonText;
}

/** The part of a job that never changes, except for its trace, which a retry by a client can replace. */
export interface JobSpec {
  readonly id: string;
  readonly name: string | null;
  /** A JSON object; `{}` when the request had none. */
  readonly metadata: JsonText;
  readonly plugins: readonly PluginCall[];
  readonly input: JsonText;
  readonly priority: number;
  /** Not claimed before this instant (ms since the epoch). A step that is to be retried moves it on. */
  readonly runAt: number;
  /** Time limit for all the steps together, in ms. */
  readonly timeoutMs: number | null;
  /** Left out if each plugin's own policy applies. */
  readonly retry?: RetryPolicy;
  /** Left out if no schedule made it. */
  readonly schedule?: JobSchedule;
  /** The limit of each step. Left out if no step has one. */
  readonly limits?: readonly (StepLimit | null)[];
  /** What its spans and deliveries go on with. Left out if it belongs to no trace. */
  readonly trace?: TraceContext;
  readonly createdAt: number;
}

/** What is told about a job while it changes. Nothing of it is only told: the store has everything but the progress. */
import type { DeliveryState } from "../domain/delivery.ts";
import type { Failure } from "../domain/errors.ts";
import type { JobStatus } from "../domain/job-spec.ts";
import type { DeliveryKind } from "./store/deliveries.ts";

export interface StepProgress {
  /** In [0, 1], or null if the plugin does not know. */
  readonly fraction: number | null;
  readonly message: string | null;
  readonly at: number;
}

/** The job has new stored events, ended, or is queued. A field that is left out has not changed. */
export interface JobChanged {
  readonly kind: "changed";
  readonly status: JobStatus;
  readonly completedSteps?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly failure?: Failure;
}

export interface StepProgressed {
  readonly kind: "step-progress";
  readonly progress: StepProgress;
}

/**
 * What a listener receives. `logged`: log lines are stored. `batch-ended`: the id is a batch's.
 * `removed`: the job or batch was deleted.
 */
export type JobSignal =
  | JobChanged
  | StepProgressed
  | { readonly kind: "logged" }
  | { readonly kind: "batch-ended" }
  | { readonly kind: "removed" };

/** A delivery after an attempt. */
export interface DeliveryChange {
  readonly deliveryId: string;
  /** The id of the job or batch that the event belongs to. */
  readonly subjectId: string;
  readonly kind: DeliveryKind;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly dueAt: number | null;
}

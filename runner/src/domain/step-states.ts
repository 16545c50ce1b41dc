import type { JobStatus } from "./job-spec.ts";

export const STEP_STATES = ["pending", "running", "completed", "failed"] as const;
export type StepState = (typeof STEP_STATES)[number];

/** The state of each step, from what is stored about the job alone. */
export function stepStates(job: {
  readonly status: JobStatus;
  readonly plugins: readonly string[];
  readonly completedSteps: number;
  /** Whether the job failed in a step, and not while it waited for one. */
  readonly stepFailed: boolean;
}): StepState[] {
  return job.plugins.map((_, index) => {
    if (index < job.completedSteps) return "completed";
    if (index > job.completedSteps) return "pending";
    if (job.status === "running") return "running";
    return job.status === "failed" && job.stepFailed ? "failed" : "pending";
  });
}

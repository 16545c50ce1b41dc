/**
 * The job's state machine. Pure: every function takes what is, and the instant, and returns the
 * change to store; nothing here reads a clock or writes.
 *
 *   queued ──claim──▶ running ──last step completed──▶ completed
 *     ▲                 │ └────step failed, cancelled──▶ failed
 *     └──released, lease ran out, retried──────┘
 */
import type { CompletedStep, JobSpec, JobStatus, StepMetrics } from "./job-spec.ts";
import type { Failure } from "./errors.ts";
import {
  completedEvent,
  failedEvent,
  progressEvent,
  startedEvent,
  type JobEvent,
} from "./event.ts";
import type { JsonText } from "./json-text.ts";

/** How often a step may be begun before a crash in it counts as the step's own fault. */
export const MAX_STEP_ATTEMPTS = 3;

/** Outputs that an answer with a job shows, in bytes; none by itself may be larger. */
export const MAX_JOB_OUTPUT_BYTES = 96 * 1024 * 1024;

/**
 * The highest PLAYGROUND_BODY_LIMIT, in bytes. An answer with a job has the last output twice beside
 * the input, which is written anew: `1e20` becomes 21 digits, so that a list of them is 4.4 times
 * as long. With the largest body that is 474 MiB, and V8's longest string is 512 MiB.
 */
export const MAX_BODY_LIMIT = 64 * 1024 * 1024;

/** The largest output that a step may have, unless PLAYGROUND_OUTPUT_LIMIT says otherwise. */
export const DEFAULT_OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/** A job in the hands of the daemon that claimed it. */
export interface RunningJob extends JobSpec {
  /** Grows with every claim; a change made under an older one is refused. */
  readonly fence: number;
  /** The last event's number; 0 before the first. */
  readonly sequence: number;
  /** How often the step that is next has been begun, this time included. */
  readonly stepAttempts: number;
  /** When it was claimed to be begun: the first time, once the start has been told. */
  readonly startedAt: number;
  readonly completedSteps: readonly CompletedStep[];
}

/** What a transition stores, in one transaction. Fields left out stay as they are. */
export interface Transition {
  readonly status: JobStatus;
  readonly sequence: number;
  readonly events: readonly JobEvent[];
  readonly step?: StepRecord;
  /** Set to 1 when a step completed: the next one begins under the same claim. */
  readonly stepAttempts?: number;
  readonly failure?: Failure;
  readonly endedAt?: number;
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

/** Where events point back to; not the job's own state. */
export interface EventContext {
  readonly jobUrl: string;
}

export function pluginNames(job: Pick<JobSpec, "plugins">): string[] {
  return job.plugins.map((plugin) => plugin.name);
}

/** The name of the plugin whose turn it is, or null after the last. */
export function currentPlugin(
  job: Pick<JobSpec, "plugins">,
  completedCount: number,
): string | null {
  return job.plugins[completedCount]?.name ?? null;
}

export function hasEnded(status: JobStatus): boolean {
  return status === "completed" || status === "failed";
}

/** Tells of the start, once per job: a job claimed again after a crash has told already. */
export function begin(job: RunningJob, now: number, context: EventContext): Transition | null {
  if (job.sequence > 0) return null;
  return {
    status: "running",
    sequence: 1,
    events: [startedEvent({ job, sequence: 1, at: now, ...context })],
  };
}

/** One step completed; the last one completes the job too. */
export function completeStep(
  job: RunningJob,
  step: CompletedStep & StepTiming,
  context: EventContext,
): { transition: Transition; job: RunningJob } {
  const completedSteps = [
    ...job.completedSteps,
    { plugin: step.plugin, metrics: step.metrics, output: step.output },
  ];
  const at = step.endedAt;
  const events: JobEvent[] = [
    progressEvent({ job, completedSteps, sequence: job.sequence + 1, at, ...context }),
  ];
  const isLast = completedSteps.length === job.plugins.length;
  if (isLast) {
    events.push(
      completedEvent({ job, completedSteps, sequence: job.sequence + 2, at, ...context }),
    );
  }
  const sequence = job.sequence + events.length;
  return {
    transition: {
      status: isLast ? "completed" : "running",
      sequence,
      events,
      stepAttempts: 1,
      step: {
        index: job.completedSteps.length,
        plugin: step.plugin,
        status: "completed",
        startedAt: step.startedAt,
        endedAt: step.endedAt,
        metrics: step.metrics,
        output: step.output,
        failure: null,
      },
      ...(isLast ? { endedAt: at } : {}),
    },
    job: { ...job, completedSteps, sequence, stepAttempts: 1 },
  };
}

/** The running step failed, and the job with it. */
export function failStep(
  job: RunningJob,
  outcome: { failure: Failure; metrics: StepMetrics | null } & StepTiming,
  context: EventContext,
): Transition {
  const index = job.completedSteps.length;
  return {
    ...fail(job, { completedCount: index, failure: outcome.failure, at: outcome.endedAt }, context),
    step: {
      index,
      plugin: currentPlugin(job, index) ?? "",
      status: "failed",
      startedAt: outcome.startedAt,
      endedAt: outcome.endedAt,
      metrics: outcome.metrics,
      output: null,
      failure: outcome.failure,
    },
  };
}

/** The job fails between steps: cancelled while queued, or its step interrupted too often. */
export function fail(
  job: JobSpec & { sequence: number },
  end: { completedCount: number; failure: Failure; at: number },
  context: EventContext,
): Transition {
  const sequence = job.sequence + 1;
  return {
    status: "failed",
    sequence,
    events: [failedEvent({ job, sequence, ...end, ...context })],
    failure: end.failure,
    endedAt: end.at,
  };
}

/** Whether a claimed job's next step has crashed the daemon too often to be begun again. */
export function isPoison(job: Pick<RunningJob, "stepAttempts">): boolean {
  return job.stepAttempts > MAX_STEP_ATTEMPTS;
}

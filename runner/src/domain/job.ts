/**
 * The job's state machine. Every function is pure: it receives the job and the instant, and returns
 * the transition to store. Nothing here reads a clock or writes.
 *
 *   queued ──claimed──▶ running ──last step completed──▶ completed
 *     ▲                   │ └─────step failed, cancelled──▶ failed
 *     └──released, lease expired, retried──────────────────┘
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

/** A step that has crashed its process this many times is not run again. */
export const MAX_STEP_ATTEMPTS = 3;

/** The most bytes of outputs in one job's response. No single output can be larger. */
export const MAX_JOB_OUTPUT_BYTES = 96 * 1024 * 1024;

/**
 * The highest PLAYGROUND_BODY_LIMIT, in bytes. A response with a job contains the input and the last
 * output twice. Numbers are rewritten: `1e20` becomes 21 digits, so a list of them grows 4.4 times.
 * The largest body then makes a response of 474 MiB; V8's longest string has 512 MiB.
 */
export const MAX_BODY_LIMIT = 64 * 1024 * 1024;

/** The default of PLAYGROUND_OUTPUT_LIMIT: the largest output of one step, in bytes. */
export const DEFAULT_OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/** What a queued job waits for. Each kind can have its own limit. */
export interface WaitingFor {
  readonly kind: "plugin";
  /** The plugin's name. */
  readonly on: string;
  readonly since: number;
}

/** A job that a daemon has claimed. */
export interface RunningJob extends JobSpec {
  /** Grows with every claim. The store refuses a change made under an older fence. */
  readonly fence: number;
  /** The number of the last event; 0 before the first. */
  readonly sequence: number;
  /** How many times the next step has been started, including this time. */
  readonly stepAttempts: number;
  /** When the job was first claimed, once its `started` event is stored; until then, this claim. */
  readonly startedAt: number;
  readonly completedSteps: readonly CompletedStep[];
  /** Only if the job has waited for as long as it may. */
  readonly waitedFor?: WaitingFor;
}

/** What one transaction stores. A field that is left out does not change. */
export interface Transition {
  readonly status: JobStatus;
  readonly sequence: number;
  readonly events: readonly JobEvent[];
  readonly step?: StepRecord;
  /** 1 when a step completed: the next step starts under the same claim. */
  readonly stepAttempts?: number;
  readonly failure?: Failure;
  readonly endedAt?: number;
}

/** A transition, and the job as it is once the transition is stored. */
export interface Change {
  readonly transition: Transition;
  readonly job: RunningJob;
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

/** How a plugin's run ended. */
export type StepResult = StepTiming &
  (
    | { readonly ok: true; readonly output: JsonText; readonly metrics: StepMetrics }
    | { readonly ok: false; readonly failure: Failure; readonly metrics: StepMetrics | null }
  );

/** What events need in addition to the job's own state. */
export interface EventContext {
  readonly jobUrl: string;
}

/** The failure of a job that a client cancels. */
export const CANCELLED: Failure = { code: "CANCELLED", message: "The job was cancelled." };

export function pluginNames(job: Pick<JobSpec, "plugins">): string[] {
  return job.plugins.map((plugin) => plugin.name);
}

/** The plugin of the step that runs now or next. */
export function currentPlugin({ plugins, completedSteps }: RunningJob): string {
  return plugins[completedSteps.length]?.name ?? "";
}

export function hasEnded(status: JobStatus): boolean {
  return status === "completed" || status === "failed";
}

/** Whether this is the last attempt of the next step. */
export function isLastAttempt(job: Pick<RunningJob, "stepAttempts">): boolean {
  return job.stepAttempts === MAX_STEP_ATTEMPTS;
}

/** Whether the next step has crashed its process too often to be started again. */
export function isPoison(job: Pick<RunningJob, "stepAttempts">): boolean {
  return job.stepAttempts > MAX_STEP_ATTEMPTS;
}

/** The `started` event, once per job. Null for a job that was claimed again after it had started. */
export function begin(job: RunningJob, now: number, context: EventContext): Transition | null {
  if (job.sequence > 0) return null;
  return {
    status: "running",
    sequence: 1,
    events: [startedEvent({ job, sequence: 1, at: now, ...context })],
  };
}

/** Applies the step's result to the job. */
export function concludeStep(job: RunningJob, result: StepResult, context: EventContext): Change {
  if (!result.ok) return { transition: failStep(job, result, context), job };
  return completeStep(job, { plugin: currentPlugin(job), ...result }, context);
}

/** A step completed. The last step completes the job too. */
export function completeStep(
  job: RunningJob,
  step: CompletedStep & StepTiming,
  context: EventContext,
): Change {
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

/** The running step failed, and the job fails with it. */
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
      plugin: currentPlugin(job),
      status: "failed",
      startedAt: outcome.startedAt,
      endedAt: outcome.endedAt,
      metrics: outcome.metrics,
      output: null,
      failure: outcome.failure,
    },
  };
}

/** The job fails while no step runs. */
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

/** A client cancels a running job. `stepStartedAt` is null while no step runs. */
export function cancel(
  job: RunningJob,
  { stepStartedAt, now }: { stepStartedAt: number | null; now: number },
  context: EventContext,
): Transition {
  const failure = CANCELLED;
  if (stepStartedAt !== null) {
    const timing = { startedAt: stepStartedAt, endedAt: now };
    return failStep(job, { failure, metrics: null, ...timing }, context);
  }
  return fail(job, { completedCount: job.completedSteps.length, failure, at: now }, context);
}

/** Whether the step did not run because its plugin cannot be loaded now. */
export function isPluginUnavailable(result: StepResult): boolean {
  if (result.ok) return false;
  return result.failure.code === "PLUGIN_NOT_FOUND" || result.failure.code === "PLUGIN_BROKEN";
}

/** A job that has waited for as long as it may fails. No step runs. */
export function stopWaiting(
  job: RunningJob,
  end: { failure: Failure; at: number },
  context: EventContext,
): Transition {
  return fail(job, { completedCount: job.completedSteps.length, ...end }, context);
}

/** A poison job fails instead of running its next step again. */
export function failPoison(job: RunningJob, now: number, context: EventContext): Transition {
  const failure: Failure = {
    code: "STEP_INTERRUPTED",
    message: `Plugin "${currentPlugin(job)}" was interrupted ${MAX_STEP_ATTEMPTS} times: its process or the daemon ended, or its result could not be stored. It is not tried again.`,
  };
  return fail(job, { completedCount: job.completedSteps.length, failure, at: now }, context);
}

/**
 * If the store refuses a result, the step fails. Otherwise it would run again. The message goes to every
 * webhook, so the store's own error is in the log only.
 */
export function toUnstorable(job: RunningJob, { startedAt, endedAt }: StepTiming): StepResult {
  const failure: Failure = {
    code: "INTERNAL_ERROR",
    message: `The result of plugin "${currentPlugin(job)}" could not be stored. The daemon's log has the reason.`,
  };
  return { ok: false, failure, metrics: null, startedAt, endedAt };
}

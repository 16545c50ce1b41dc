/**
 * The job's state machine. Every function is pure: it receives the job and the instant, and returns
 * the transition to store. Nothing here reads a clock or writes.
 *
 *   queued ──claimed──▶ running ──last step completed──▶ completed
 *     ▲                   │ └─────step failed, cancelled──▶ failed
 *     └──released, lease expired, retried──────────────────┘
 *
 * A step that failed and is to run again puts the job back into the queue, for later.
 */
import type { CompletedStep, JobSpec, JobStatus, StepMetrics } from "./job-spec.ts";
import { toErrorGroup } from "./error-group.ts";
import type { Failure } from "./errors.ts";
import {
  completedEvent,
  failedEvent,
  progressEvent,
  startedEvent,
  type JobEvent,
} from "./event.ts";
import type { FileInfo } from "./file.ts";
import type { JsonText } from "./json-text.ts";
import { MAX_ATTEMPT_MESSAGE } from "./limits.ts";
import { shorten } from "./shorten.ts";
import type {
  Progress,
  StepRecord,
  StepResult,
  StepRetry,
  StepTiming,
  Transition,
} from "./transition.ts";
import type { WaitingForPlugin } from "./waiting-for.ts";
import { stepRetryDelayMs, type RetryPolicy } from "./step-retry.ts";

/** A step that has crashed its process this many times is not run again. */
export const MAX_STEP_ATTEMPTS = 3;

/** A job that a daemon has claimed. */
export interface RunningJob extends JobSpec {
  /** Grows with every claim. The store refuses a change made under an older fence. */
  readonly fence: number;
  /** The daemon that claimed it. */
  readonly owner: string;
  /** The number of the last event; 0 before the first. */
  readonly sequence: number;
  /** How many times the next step has been started, including this time. */
  readonly stepAttempts: number;
  /** The attempts of the next step that have failed. Left out if none has. */
  readonly failedAttempts?: FailedAttempts;
  /** When the job was first claimed, once its `started` event is stored; until then, this claim. */
  readonly startedAt: number;
  readonly completedSteps: readonly CompletedStep[];
  /** Only if the job has waited for as long as it may. */
  readonly waitedFor?: WaitingForPlugin;
}

export interface FailedAttempts {
  readonly count: number;
  /** How long they ran together, in ms. */
  readonly durationMs: number;
}

/** A transition, and the job as it is once the transition is stored. */
export interface Change<T extends Transition = Transition> {
  readonly transition: T;
  readonly job: RunningJob;
}

/** What decides whether a step that failed runs again. */
export interface RetryRules {
  /** The policy of the step's plugin. That of the job comes first. */
  readonly ofPlugin: RetryPolicy | null;
  /** In [0, 1). */
  readonly random: number;
}

/** What events need in addition to the job's own state. */
export interface EventContext {
  readonly jobUrl: string;
  /** Adds a link to each reference to a file in an output. */
  readonly linkFiles?: (output: JsonText) => JsonText;
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
export function begin(job: RunningJob, now: number, context: EventContext): Progress | null {
  if (job.sequence > 0) return null;
  return {
    status: "running",
    sequence: 1,
    events: [startedEvent({ job, sequence: 1, at: now, ...context })],
  };
}

/** Applies the step's result to the job. */
export function concludeStep(
  job: RunningJob,
  result: StepResult,
  { retry, ...context }: EventContext & { readonly retry: RetryRules },
): Change {
  if (result.ok) return completeStep(job, { plugin: currentPlugin(job), ...result }, context);
  const transition = retryStep(job, result, retry) ?? failStep(job, result, context);
  return { transition, job };
}

/** Null if the step is not run again. */
function retryStep(
  job: RunningJob,
  { startedAt, endedAt, failure, ...result }: Extract<StepResult, { ok: false }>,
  { ofPlugin, random }: RetryRules,
): StepRetry | null {
  const durationMs = Math.round(result.metrics?.duration ?? result.durationMs);
  const leftMs = timeLeftMs(job);
  if (leftMs !== null && leftMs - durationMs <= 1) return null;
  const delayMs = stepRetryDelayMs(job.retry ?? ofPlugin, {
    failedAttempts: attemptsOf(job) + 1,
    code: failure.code,
    wish: result.retry,
    random,
  });
  if (delayMs === null) return null;
  const message = shorten(failure.message, MAX_ATTEMPT_MESSAGE);
  const attempt = {
    step: job.completedSteps.length,
    number: attemptsOf(job) + 1,
    startedAt,
    endedAt,
    failure: { ...failure, message },
  };
  return {
    status: "queued",
    sequence: job.sequence,
    events: [],
    at: endedAt + delayMs,
    attempt,
    durationMs,
  };
}

/**
 * What is left of the job's timeout, in ms: 0 or less if nothing is, null if it has none. Only the time
 * that plugins ran counts, not the time that the daemon was down or a retry waited.
 */
export function timeLeftMs({
  timeoutMs,
  completedSteps,
  failedAttempts,
}: RunningJob): number | null {
  if (timeoutMs === null) return null;
  const completedMs = completedSteps.reduce((sum, { metrics }) => sum + metrics.duration, 0);
  return timeoutMs - completedMs - (failedAttempts?.durationMs ?? 0);
}

/** A step completed. The last step completes the job too. */
export function completeStep(
  job: RunningJob,
  step: CompletedStep & StepTiming & { readonly files?: readonly FileInfo[] },
  context: EventContext,
): Change<Progress> {
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
  const { failedAttempts: _, ...next } = job;
  return {
    transition: {
      status: isLast ? "completed" : "running",
      sequence,
      events,
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
      ...(isLast ? { endedAt: at, ...ofSchedule(job) } : {}),
      ...(step.files && { files: step.files.map((file) => ({ ...file, createdAt: at })) }),
    },
    job: { ...next, completedSteps, sequence, stepAttempts: 1 },
  };
}

type FailedStep = { failure: Failure; metrics: StepMetrics | null } & StepTiming;

/** The running step failed, and the job fails with it. */
export function failStep(job: RunningJob, outcome: FailedStep, context: EventContext): Progress {
  const end = {
    completedCount: job.completedSteps.length,
    failure: outcome.failure,
    at: outcome.endedAt,
  };
  return {
    ...fail(job, { ...end, attempts: attemptsOf(job) + 1 }, context),
    step: toFailedStep(job, outcome),
  };
}

function toFailedStep(job: RunningJob, outcome: FailedStep): StepRecord {
  return {
    index: job.completedSteps.length,
    plugin: currentPlugin(job),
    status: "failed",
    startedAt: outcome.startedAt,
    endedAt: outcome.endedAt,
    metrics: outcome.metrics,
    output: null,
    failure: outcome.failure,
  };
}

/** The job fails while no step runs. */
export function fail(
  job: JobSpec & { sequence: number },
  end: { completedCount: number; failure: Failure; at: number; attempts: number },
  context: EventContext,
): Progress {
  const sequence = job.sequence + 1;
  return {
    status: "failed",
    sequence,
    events: [failedEvent({ job, sequence, ...end, ...context })],
    failure: end.failure,
    errorGroup: toErrorGroup(job.plugins[end.completedCount]?.name ?? "", end.failure),
    endedAt: end.at,
    ...ofSchedule(job),
  };
}

function ofSchedule({ schedule }: JobSpec): Pick<Progress, "schedule"> {
  return schedule === undefined ? {} : { schedule: schedule.id };
}

/** A client cancels a running job. `stepStartedAt` is null while no step runs. */
export function cancel(
  job: RunningJob,
  { stepStartedAt, now }: { stepStartedAt: number | null; now: number },
  context: EventContext,
): Progress {
  const failure = CANCELLED;
  if (stepStartedAt !== null) {
    const timing = { startedAt: stepStartedAt, endedAt: now };
    return failStep(job, { failure, metrics: null, ...timing }, context);
  }
  return failBetween(job, { failure, at: now }, context);
}

/** The job fails while no step runs. Those that failed before count as its attempts. */
function failBetween(
  job: RunningJob,
  end: { failure: Failure; at: number },
  context: EventContext,
): Progress {
  const progress = { completedCount: job.completedSteps.length, attempts: attemptsOf(job) };
  return fail(job, { ...end, ...progress }, context);
}

/** How many attempts of the next step have failed. */
export function attemptsOf({ failedAttempts }: Pick<RunningJob, "failedAttempts">): number {
  return failedAttempts?.count ?? 0;
}

/** Whether this is not the first time that the next step starts. */
export function isRepeated(job: Pick<RunningJob, "failedAttempts" | "stepAttempts">): boolean {
  return job.stepAttempts > 1 || attemptsOf(job) > 0;
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
): Progress {
  return failBetween(job, end, context);
}

/** A poison job fails instead of running its next step again. */
export function failPoison(job: RunningJob, now: number, context: EventContext): Progress {
  const failure: Failure = {
    code: "STEP_INTERRUPTED",
    message: `Plugin "${currentPlugin(job)}" was interrupted ${MAX_STEP_ATTEMPTS} times: its process or the daemon ended, or its result could not be stored. It is not tried again.`,
  };
  return failBetween(job, { failure, at: now }, context);
}

/**
 * If the store refuses a result, the step fails. Otherwise it would run again. The message goes to every
 * webhook, so the store's own error is in the log only.
 */
export function toUnstorable(
  job: RunningJob,
  { startedAt, endedAt, durationMs }: StepResult,
): StepResult {
  const failure: Failure = {
    code: "INTERNAL_ERROR",
    message: `The result of plugin "${currentPlugin(job)}" could not be stored. The daemon's log has the reason.`,
  };
  return { ok: false, failure, metrics: null, startedAt, endedAt, durationMs };
}

import { hasEnded, type RunningJob } from "../../domain/job.ts";
import type { Progress, Transition } from "../../domain/transition.ts";
import { traceField } from "../../domain/trace-context.ts";
import type { Log } from "../../ports/log.ts";
import type { Claim } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { JobChanged } from "../../ports/job-signal.ts";
import type { Messages } from "../bus/messages.ts";
import type { Intake } from "../deliveries/intake.ts";
import type { JobSignals } from "./job-signals.ts";

export interface TransitionDeps {
  readonly store: Pick<Store, "commitTransition">;
  readonly signals: Pick<JobSignals, "announce">;
  readonly telemetry: Pick<Telemetry, "jobBegan" | "jobEnded">;
  readonly log: Log;
  readonly intake: Intake;
  readonly messages: Pick<Messages, "publish">;
}

/** Writes the transitions of one claimed job in order. */
export interface TransitionWriter {
  /**
   * Writes the start. Nothing waits for it, because the store applies writes in the order of calls.
   * A start that fails is written again before the next transition, which the store would refuse.
   */
  writeStart(started: Transition): void;
  /** False if the claim is lost. Rejects with the store's error. */
  write(transition: Transition): Promise<boolean>;
}

export function createTransitionWriter(
  claim: Claim,
  deps: TransitionDeps & {
    readonly job: Pick<RunningJob, "startedAt" | "limits" | "trace">;
    readonly onError: (error: unknown) => void;
    /** The start was refused, because the claim is lost. */
    readonly onLost: () => void;
  },
): TransitionWriter {
  let failedStart: Transition | null = null;
  let startWritten = Promise.resolve();

  function tryStart(started: Transition, onRefused: () => void): void {
    failedStart = null;
    startWritten = commit(started).then(
      (isStored) => {
        if (!isStored) onRefused();
      },
      (error: unknown) => {
        deps.onError(error);
        failedStart = started;
      },
    );
  }

  /** One that is refused now was stored by the write that failed. */
  function repeatStart(): void {
    if (failedStart !== null) tryStart(failedStart, () => undefined);
  }

  async function write(transition: Transition): Promise<boolean> {
    repeatStart();
    if (await commit(transition)) return true;
    // Refused, perhaps because the start's write failed in the group before this one.
    await startWritten;
    if (failedStart === null) return false;
    repeatStart();
    return commit(transition);
  }

  async function commit(transition: Transition): Promise<boolean> {
    const stored = await deps.intake.during(
      (handOver) => deps.store.commitTransition(claim, transition, handOver),
      (handedOver) => (typeof handedOver === "object" ? handedOver : undefined),
    );
    if (stored === false) return false;
    deps.signals.announce(claim.jobId, toSignal(transition));
    const hasEvents = transition.events.length > 0;
    const isMoreDue = hasEvents && (stored === true || stored.isMoreDue);
    publishCommitted(transition, {
      isMoreDue,
      hasLimits: deps.job.limits !== undefined,
      messages: deps.messages,
    });
    if (transition.status !== "queued") reportEnd(transition);
    return true;
  }

  function reportEnd({ status, failure, endedAt = deps.job.startedAt }: Progress): void {
    if (!hasEnded(status)) return;
    const durationMs = Math.max(0, endedAt - deps.job.startedAt);
    const isCompleted = status === "completed";
    deps.telemetry.jobEnded({
      status: isCompleted ? "completed" : "failed",
      failureCode: failure?.code ?? null,
      durationMs,
    });
    deps.log.debug(
      { jobId: claim.jobId, status, failure, durationMs, ...traceField(deps.job) },
      "job.ended",
    );
  }

  return { writeStart: (started) => tryStart(started, deps.onLost), write };
}

/** Tells who has work after a transition. `isMoreDue`: deliveries can be due that were not handed over. */
export function publishCommitted(
  { status, schedule }: Pick<Progress, "schedule"> & Pick<Transition, "status">,
  {
    isMoreDue,
    hasLimits,
    messages,
  }: { isMoreDue: boolean; hasLimits: boolean; messages: Pick<Messages, "publish"> },
): void {
  if (isMoreDue) messages.publish({ kind: "due" });
  // Its step is to run again, and the claims must know when; or its slot is free.
  if (status === "queued" || (hasLimits && hasEnded(status))) messages.publish({ kind: "jobs" });
  if (hasEnded(status)) messages.publish({ kind: "batches" });
  // A slot of it can wait for the end of this job.
  if (schedule !== undefined) messages.publish({ kind: "schedules" });
}

function toSignal(transition: Transition): JobChanged {
  if (transition.status === "queued") return { kind: "changed", status: "queued" };
  const { status, events, step, endedAt, failure } = transition;
  const [first] = events;
  return {
    kind: "changed",
    status,
    ...(first?.kind === "started" && { startedAt: first.at }),
    ...(step?.status === "completed" && { completedSteps: step.index + 1 }),
    ...(endedAt !== undefined && { endedAt }),
    ...(failure !== undefined && { failure }),
  };
}

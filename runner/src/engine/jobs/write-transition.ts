import { hasEnded, type Transition } from "../../domain/job.ts";
import type { Log } from "../../ports/log.ts";
import type { Claim } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { JobSignals } from "./job-signals.ts";

export interface TransitionDeps {
  readonly store: Pick<Store, "commitTransition">;
  readonly signals: Pick<JobSignals, "announce">;
  readonly telemetry: Pick<Telemetry, "jobEnded">;
  readonly log: Log;
  /** A transition is stored, so deliveries can be due. */
  readonly onCommitted: (transition: Pick<Transition, "status">) => void;
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
    readonly startedAt: number;
    readonly onError: (error: unknown) => void;
  },
): TransitionWriter {
  let lostStart: Transition | null = null;

  function writeStart(started: Transition): void {
    lostStart = null;
    commit(started).catch((error: unknown) => {
      deps.onError(error);
      lostStart = started;
    });
  }

  async function commit(transition: Transition): Promise<boolean> {
    if (!(await deps.store.commitTransition(claim, transition))) return false;
    deps.signals.announce(claim.jobId, { kind: "changed", status: transition.status });
    deps.onCommitted(transition);
    if (hasEnded(transition.status)) reportEnd(transition);
    return true;
  }

  function reportEnd({ status, failure, endedAt = deps.startedAt }: Transition): void {
    const durationMs = Math.max(0, endedAt - deps.startedAt);
    const isCompleted = status === "completed";
    deps.telemetry.jobEnded({
      status: isCompleted ? "completed" : "failed",
      failureCode: failure?.code ?? null,
      durationMs,
    });
    deps.log.debug({ jobId: claim.jobId, status, failure, durationMs }, "job.ended");
  }

  return {
    writeStart,
    write(transition) {
      if (lostStart !== null) writeStart(lostStart);
      return commit(transition);
    },
  };
}

import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Claim } from "../../ports/store/jobs.ts";
import type { StepInterrupted } from "../../ports/plugin-pool.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Messages } from "../bus/messages.ts";
import type { JobSignals } from "./job-signals.ts";

/** A job whose write failed keeps its place this long, so that it is not retried in a tight loop. */
const PAUSE_MS = 1_000;

export interface GiveBackDeps {
  readonly store: Pick<Store, "releaseJobs" | "jobState">;
  readonly signals: Pick<JobSignals, "announce">;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
  readonly messages: Pick<Messages, "publish">;
}

/** Puts a claimed job back into the queue. */
export interface GiveBack {
  now(request: { readonly countsAttempt: boolean }): Promise<void>;
  /** The step whose outcome could not be stored runs again, up to MAX_STEP_ATTEMPTS times. */
  readonly later: (error: unknown) => Promise<void>;
  /** After an attempt without a stored result. Logs why. */
  after(message: string): Promise<void>;
  /** After a step without an outcome. It counts as an attempt if the plugin may have begun. */
  interrupted(step: StepInterrupted): Promise<void>;
  readonly onError: (error: unknown) => void;
}

export function createGiveBack(
  claim: Claim,
  {
    store,
    signals,
    clock,
    log,
    messages,
    signal,
    hasBegun,
  }: GiveBackDeps & { readonly signal: AbortSignal; readonly hasBegun: () => boolean },
): GiveBack {
  async function now(request: { readonly countsAttempt: boolean }): Promise<void> {
    await store.releaseJobs([claim], request);
    messages.publish({ kind: "jobs" });
    // Nobody was told that it runs. One whose claim was lost has ended, or runs elsewhere.
    if (!hasBegun() || (await store.jobState(claim.jobId))?.status !== "queued") return;
    signals.announce(claim.jobId, { kind: "changed", status: "queued" });
  }

  function onError(error: unknown): void {
    log.error({ jobId: claim.jobId, err: error }, "job.write-failed");
  }

  return {
    now,
    async after(message) {
      log.warn(claim, message);
      await now({ countsAttempt: true });
    },
    async interrupted({ interrupted: reason, isTooLate = false }) {
      log.warn({ ...claim, reason }, "job.step-interrupted");
      await now({ countsAttempt: !isTooLate });
    },
    async later(error) {
      onError(error);
      await clock.sleep(PAUSE_MS, { signal });
      await now({ countsAttempt: true });
    },
    onError,
  };
}

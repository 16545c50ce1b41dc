import { hasEnded } from "../../domain/job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { JobSignal, StepProgress } from "../../ports/job-signal.ts";
import type { Messages } from "../bus/messages.ts";
import { WATCH_MS, type Peers } from "../bus/peers.ts";

type Listener = (signal: JobSignal) => void;

interface KnownProgress {
  readonly progress: StepProgress;
  /** Until when it is shown, unless it is heard of again. Null if the step runs here. */
  readonly until: number | null;
}

export interface JobSignals {
  /** Tells everyone who listens to the job or batch, here and in the other daemons. */
  announce(id: string, signal: JobSignal): void;
  /** Tells only those who listen here, of what the store shows. */
  tell(id: string, signal: JobSignal): void;
  listen(id: string, listener: Listener): () => void;
  /** What somebody listens to here. */
  ids(): readonly string[];
  /** The newest progress of the job's step. For one that runs elsewhere it is asked for, and comes later. */
  stepProgress(jobId: string): StepProgress | null;
  /** Like `stepProgress`, for a step that runs here. */
  ownProgress(jobId: string): StepProgress | null;
  /** The step that ran here has ended: forgets its progress. */
  stepEnded(jobId: string): void;
  /** Forgets the progress of steps elsewhere that was not heard of again. */
  tidy(): void;
  /** Resolves when the job or batch has ended, or the signal aborts. `isOver` reads the store once. */
  waitForEnd(
    id: string,
    options: { isOver: () => Promise<boolean>; signal: AbortSignal },
  ): Promise<void>;
}

/** Tells listeners in this process about a job's changes. The store is authoritative. */
export function createJobSignals(deps: {
  messages: Pick<Messages, "publish" | "on">;
  peers: Pick<Peers, "watch">;
  clock: Pick<Clock, "monotonic">;
}): JobSignals {
  const { messages, peers, clock } = deps;
  const listeners = new Map<string, Set<Listener>>();
  const progress = new Map<string, KnownProgress>();

  /** That of a step here is true until the step ends, whatever is told about its job. */
  function forgetElsewhere(id: string): void {
    if (typeof progress.get(id)?.until === "number") progress.delete(id);
  }

  function tellListeners(id: string, signal: JobSignal): void {
    for (const listener of listeners.get(id) ?? []) listener(signal);
  }

  function listen(id: string, listener: Listener): () => void {
    const set = listeners.get(id) ?? new Set();
    if (set.size === 0) peers.watch(id);
    listeners.set(id, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && listeners.get(id) === set) listeners.delete(id);
    };
  }

  messages.on("job", ({ id, signal }, isOwn) => {
    if (signal.kind === "step-progress") {
      const until = isOwn ? null : clock.monotonic() + WATCH_MS;
      progress.set(id, { progress: signal.progress, until });
    } else if (signal.kind === "changed") {
      if (isOwn) forgetElsewhere(id);
      else progress.delete(id);
    }
    tellListeners(id, signal);
  });

  return {
    announce: (id, signal) => messages.publish({ kind: "job", id, signal }),
    tell(id, signal) {
      // A running job can still be in the step that the progress is of.
      if (signal.kind === "changed" && signal.status !== "running") forgetElsewhere(id);
      tellListeners(id, signal);
    },
    listen,
    ids: () => [...listeners.keys()],
    stepProgress(jobId) {
      const known = progress.get(jobId);
      if (known?.until === null) return known.progress;
      peers.watch(jobId);
      return known !== undefined && clock.monotonic() < known.until ? known.progress : null;
    },
    ownProgress(jobId) {
      const known = progress.get(jobId);
      return known?.until === null ? known.progress : null;
    },
    stepEnded(jobId) {
      if (progress.get(jobId)?.until === null) progress.delete(jobId);
    },
    tidy() {
      const now = clock.monotonic();
      for (const [id, { until }] of progress) {
        if (until !== null && until <= now) progress.delete(id);
      }
    },
    async waitForEnd(id, { isOver, signal }) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const stop = listen(id, (received) => {
        if (isEnd(received)) resolve();
      });
      const onAbort = (): void => resolve();
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        // The listener was added before this read, so it does not miss an end in between.
        if (signal.aborted || (await isOver())) return;
        await promise;
      } finally {
        stop();
        signal.removeEventListener("abort", onAbort);
      }
    },
  };
}

function isEnd(signal: JobSignal): boolean {
  switch (signal.kind) {
    case "changed":
      return hasEnded(signal.status);
    case "batch-ended":
    case "removed":
      return true;
    case "step-progress":
    case "logged":
      return false;
  }
}

import { hasEnded } from "../../domain/job.ts";
import type { JobSignal, StepProgress } from "../engine.ts";

type Listener = (signal: JobSignal) => void;

export interface JobSignals {
  announce(jobId: string, signal: JobSignal): void;
  listen(jobId: string, listener: Listener): () => void;
  stepProgress(jobId: string): StepProgress | null;
  /** The step has ended: forgets its progress. */
  stepEnded(jobId: string): void;
  /** Resolves when the job or batch has ended, or the signal aborts. `isOver` reads the store once. */
  waitForEnd(
    id: string,
    options: { isOver: () => Promise<boolean>; signal: AbortSignal },
  ): Promise<void>;
}

/** Notifies listeners in this process of a job's changes. The store is authoritative. */
export function createJobSignals(): JobSignals {
  const listeners = new Map<string, Set<Listener>>();
  const progress = new Map<string, StepProgress>();

  function listen(jobId: string, listener: Listener): () => void {
    const set = listeners.get(jobId) ?? new Set();
    listeners.set(jobId, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && listeners.get(jobId) === set) listeners.delete(jobId);
    };
  }

  return {
    announce(jobId, signal) {
      if (signal.kind === "step-progress") progress.set(jobId, signal.progress);
      for (const listener of listeners.get(jobId) ?? []) listener(signal);
    },
    listen,
    stepProgress: (jobId) => progress.get(jobId) ?? null,
    stepEnded: (jobId) => void progress.delete(jobId),
    async waitForEnd(id, { isOver, signal }) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const stop = listen(id, (received) => {
        if (received.kind === "changed" && hasEnded(received.status)) resolve();
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

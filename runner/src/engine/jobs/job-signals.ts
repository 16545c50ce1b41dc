import { hasEnded } from "../../domain/job.ts";
import type { JobSignal, StepProgress } from "../engine.ts";

type Listener = (signal: JobSignal) => void;

export interface JobSignals {
  tell(jobId: string, signal: JobSignal): void;
  listen(jobId: string, listener: Listener): () => void;
  stepProgress(jobId: string): StepProgress | null;
  /** Forgets what the running step said, since it has ended. */
  stepEnded(jobId: string): void;
  /** Resolves when the job or batch has ended, as `isOver` says or as is told, or the signal aborts. */
  waitForEnd(
    id: string,
    options: { isOver: () => Promise<boolean>; signal: AbortSignal },
  ): Promise<void>;
}

/** Tells those who wait on a job in this process that it went on. What is stored is the truth. */
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
    tell(jobId, signal) {
      if (signal.kind === "step-progress") progress.set(jobId, signal.progress);
      for (const listener of listeners.get(jobId) ?? []) listener(signal);
    },
    listen,
    stepProgress: (jobId) => progress.get(jobId) ?? null,
    stepEnded: (jobId) => void progress.delete(jobId),
    async waitForEnd(id, { isOver, signal }) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const stop = listen(id, (heard) => {
        if (heard.kind === "changed" && hasEnded(heard.status)) resolve();
      });
      const onAbort = (): void => resolve();
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        // Listening began before this look, so an end in between is heard.
        if (signal.aborted || (await isOver())) return;
        await promise;
      } finally {
        stop();
        signal.removeEventListener("abort", onAbort);
      }
    },
  };
}

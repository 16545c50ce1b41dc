/** The steps that one executor has, and those that wait until it is ready. */
import type { Failure } from "../domain/errors.ts";
import type { StepOutcome } from "../pool/messages.ts";
import { monotonicMs } from "../pool/monotonic-clock.ts";
import type { StepHooks, StepInterrupted } from "../ports/plugin-pool.ts";
import type { ExecutorTask, FromExecutor, SentTask, ToExecutor } from "./messages.ts";

/** Null if the executor ended before it received the step. */
export type RunEnd = StepOutcome | StepInterrupted | null;

export interface OpenRuns {
  /** Sends the step, or keeps it until `sendAll`. */
  run(task: ExecutorTask, hooks: StepHooks): Promise<RunEnd>;
  /** The executor is ready. */
  sendAll(): void;
  handle(message: Extract<FromExecutor, { run: number }>): void;
  /** The steps that can still end by themselves, and those whose threads work on in native code. */
  count(): { readonly running: number; readonly stuck: number };
  /** Steps that have no outcome when the executor ends get this one. */
  stopAll(failure: Failure): void;
  /** The executor has ended. Returns how many of its steps were interrupted. */
  endAll(how: string): number;
}

interface OpenRun {
  readonly number: number;
  readonly task: ExecutorTask;
  readonly hooks: StepHooks;
  readonly resolve: (end: RunEnd) => void;
  wasSent: boolean;
  /** Whether its thread was ended, but works on in native code. */
  isStuck: boolean;
  /** Why the step was stopped, if its thread has not ended since. */
  stopped: Failure | null;
}

export function createOpenRuns(send: (message: ToExecutor) => void): OpenRuns {
  const runs = new Map<number, OpenRun>();
  let isReady = false;
  let hasEnded = false;
  let lastNumber = 0;

  function sendRun(run: OpenRun): void {
    run.wasSent = true;
    send({ kind: "run", run: run.number, task: toSent(run) });
    if (run.hooks.signal.aborted) cancel(run);
  }

  function cancel({ number, hooks, wasSent, resolve }: OpenRun): void {
    const { reason } = hooks.signal as { reason: unknown };
    const text = typeof reason === "string" ? reason : null;
    if (wasSent) send({ kind: "cancel", run: number, reason: text });
    else resolve(failed({ code: "CANCELLED", message: text ?? "The job was cancelled." }));
  }

  return {
    count() {
      let stuck = 0;
      for (const { isStuck } of runs.values()) stuck += Number(isStuck);
      return { running: runs.size - stuck, stuck };
    },
    async run(task, hooks) {
      if (hasEnded) return null;
      lastNumber += 1;
      const { promise, resolve } = Promise.withResolvers<RunEnd>();
      const run: OpenRun = {
        number: lastNumber,
        task,
        hooks,
        resolve,
        wasSent: false,
        isStuck: false,
        stopped: null,
      };
      const onAbort = (): void => cancel(run);
      hooks.signal.addEventListener("abort", onAbort, { once: true });
      runs.set(run.number, run);
      if (isReady) sendRun(run);
      // No event comes from a signal that has aborted already.
      else if (hooks.signal.aborted) cancel(run);
      try {
        return await promise;
      } finally {
        runs.delete(run.number);
        hooks.signal.removeEventListener("abort", onAbort);
      }
    },
    sendAll() {
      isReady = true;
      for (const run of runs.values()) sendRun(run);
    },
    handle(message) {
      const run = runs.get(message.run);
      if (run === undefined) return;
      const { hooks } = run;
      if (message.kind === "ended") run.resolve(message.outcome);
      else if (message.kind === "log") hooks.onLog(message.lines);
      else if (message.kind === "log-dropped") hooks.onLogDropped?.(message.count);
      else if (message.kind === "progress") hooks.onProgress(message.progress);
      else if (message.kind === "pause-limit") hooks.onLimitPause?.(message.pause);
      else {
        run.isStuck = true;
        run.stopped = message.failure;
      }
    },
    stopAll(failure) {
      for (const run of runs.values()) run.stopped ??= failure;
    },
    endAll(how) {
      hasEnded = true;
      const interrupted = runs.values().filter((run) => run.wasSent && run.stopped === null);
      const count = [...interrupted].length;
      for (const run of runs.values()) {
        if (run.stopped !== null) run.resolve(failed(run.stopped));
        else run.resolve(run.wasSent ? { interrupted: sentence(how) } : null);
      }
      return count;
    },
  };
}

function sentence(how: string): string {
  return `The process that runs plugins ended (${how}) while the step was running.`;
}

function failed(failure: Failure): StepOutcome {
  return { ok: false, failure, metrics: null };
}

function toSent({ task, hooks }: OpenRun): SentTask {
  const withinMs = hooks.startWithinMs?.() ?? null;
  return {
    ...task,
    jobInput: task.jobInput === task.input ? null : task.jobInput,
    startBefore: withinMs === null ? null : monotonicMs() + withinMs,
  };
}

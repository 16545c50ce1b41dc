/** The steps that the daemon has given to an executor, or that wait for one. */
import type { StepOutcome } from "../pool/messages.ts";
import type { StepHooks, StepInterrupted } from "../ports/plugin-pool.ts";
import type { ExecutorTask, FromExecutor, SentTask } from "./messages.ts";

export interface OpenRun {
  readonly number: number;
  readonly task: ExecutorTask;
  readonly hooks: StepHooks;
  readonly outcome: Promise<StepOutcome | StepInterrupted>;
  readonly resolve: (outcome: StepOutcome | StepInterrupted) => void;
  wasSent: boolean;
}

export interface OpenRuns {
  add(task: ExecutorTask, hooks: StepHooks): OpenRun;
  remove(run: OpenRun): void;
  all(): OpenRun[];
  areAnySent(): boolean;
  /** Passes a message about a run on to the run. */
  handle(message: Extract<FromExecutor, { run: number }>): void;
}

export function createOpenRuns(): OpenRuns {
  const runs = new Map<number, OpenRun>();
  let lastNumber = 0;

  return {
    add(task, hooks) {
      lastNumber += 1;
      const { promise, resolve } = Promise.withResolvers<StepOutcome | StepInterrupted>();
      const run = { number: lastNumber, task, hooks, outcome: promise, resolve, wasSent: false };
      runs.set(lastNumber, run);
      return run;
    },
    remove: ({ number }) => void runs.delete(number),
    all: () => [...runs.values()],
    areAnySent: () => runs.values().some((run) => run.wasSent),
    handle(message) {
      const run = runs.get(message.run);
      if (run === undefined) return;
      const { hooks, resolve } = run;
      if (message.kind === "ended") resolve(message.outcome);
      else if (message.kind === "log") hooks.onLog(message.lines);
      else if (message.kind === "log-dropped") hooks.onLogDropped?.(message.count);
      else hooks.onProgress(message.progress);
    },
  };
}

export function toSent(task: ExecutorTask): SentTask {
  return task.jobInput === task.input ? { ...task, jobInput: null } : task;
}

export function interrupted(how: string): StepInterrupted {
  return {
    interrupted: `The process that runs plugins ended (${how}) while the step was running.`,
  };
}

export function cancelled(message: string): StepOutcome {
  return { ok: false, failure: { code: "CANCELLED", message }, metrics: null };
}

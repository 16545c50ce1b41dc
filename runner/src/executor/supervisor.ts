/**
 * Keeps one executor alive and gives it steps. When the executor ends, whatever the reason, every
 * step that it was running is interrupted, and a new executor starts immediately. The delay grows
 * while executors end before they are ready.
 */
import type { Failure } from "../domain/errors.ts";
import type { StepOutcome } from "../pool/messages.ts";
import type { StepHooks, StepInterrupted } from "../ports/plugin-pool.ts";
import type { ExecutorSettings, ExecutorTask, FromExecutor, SentTask } from "./messages.ts";
import { spawnExecutor, type ExecutorProcess } from "./spawn-executor.ts";

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;
/** Time to end the threads and write the compile cache. */
const CLOSE_LIMIT_MS = 3_000;

export interface ExecutorEnd {
  readonly pid: number | undefined;
  /** The exit code or the signal. */
  readonly how: string;
  readonly interruptedSteps: number;
  /** How long until the next executor starts. */
  readonly restartInMs: number;
}

export interface Supervisor {
  /** Waits for an executor that is ready. */
  run(task: ExecutorTask, hooks: StepHooks): Promise<StepOutcome | StepInterrupted>;
  /** Says that the executor's threads can have old modules loaded. */
  markStale(): void;
  /** Ends the executor. Steps that have not ended fail with CANCELLED. */
  close(): Promise<void>;
}

interface Run {
  readonly task: ExecutorTask;
  readonly hooks: StepHooks;
  readonly resolve: (outcome: StepOutcome | StepInterrupted) => void;
  wasSent: boolean;
}

export function createSupervisor(options: {
  readonly settings: ExecutorSettings;
  readonly onEnd: (end: ExecutorEnd) => void;
}): Supervisor {
  const { settings } = options;
  const runs = new Map<number, Run>();
  let lastRun = 0;
  let isReady = false;
  let isClosed = false;
  let failedStarts = 0;
  let restart: NodeJS.Timeout | undefined;
  let executor = start();

  function start(): ExecutorProcess {
    const started = spawnExecutor({ env: settings.env, onMessage });
    started.send({ kind: "open", settings });
    void started.ended.then((how) => onEnd(started, how));
    return started;
  }

  function onMessage(message: FromExecutor): void {
    if (message.kind === "ready") return onReady();
    if (message.kind === "scanned") return;
    const run = runs.get(message.run);
    if (run === undefined) return;
    const { hooks } = run;
    switch (message.kind) {
      case "log":
        hooks.onLog(message.lines);
        break;
      case "log-dropped":
        hooks.onLogDropped?.(message.count);
        break;
      case "progress":
        hooks.onProgress(message.progress);
        break;
      case "ended":
        run.resolve(message.outcome);
        break;
    }
  }

  function onReady(): void {
    isReady = true;
    failedStarts = 0;
    for (const [number, run] of runs) send(number, run);
  }

  function onEnd({ pid }: ExecutorProcess, how: string): void {
    const restartInMs = isReady ? 0 : Math.min(FIRST_DELAY_MS * 2 ** failedStarts, MAX_DELAY_MS);
    failedStarts += isReady ? 0 : 1;
    isReady = false;
    const lost = [...runs.values()].filter((run) => isClosed || run.wasSent);
    for (const run of lost) run.resolve(isClosed ? cancelled(STOPPED) : interrupted(how));
    if (isClosed) return;
    options.onEnd({ pid, how, interruptedSteps: lost.length, restartInMs });
    restart = setTimeout(() => (executor = start()), restartInMs);
  }

  function send(number: number, run: Run): void {
    run.wasSent = true;
    executor.send({ kind: "run", run: number, task: toSent(run.task) });
    if (run.hooks.signal.aborted) cancel(number, run);
  }

  function cancel(number: number, { hooks, wasSent, resolve }: Run): void {
    const { reason } = hooks.signal as { reason: unknown };
    const text = typeof reason === "string" ? reason : null;
    if (wasSent) executor.send({ kind: "cancel", run: number, reason: text });
    else resolve(cancelled(text ?? "The job was cancelled."));
  }

  return {
    async run(task, hooks) {
      lastRun += 1;
      const number = lastRun;
      const { promise, resolve } = Promise.withResolvers<StepOutcome | StepInterrupted>();
      const run: Run = { task, hooks, resolve, wasSent: false };
      const onAbort = (): void => cancel(number, run);
      runs.set(number, run);
      hooks.signal.addEventListener("abort", onAbort, { once: true });
      if (isReady) send(number, run);
      try {
        return await promise;
      } finally {
        runs.delete(number);
        hooks.signal.removeEventListener("abort", onAbort);
      }
    },
    markStale() {
      if (isReady) executor.send({ kind: "stale" });
    },
    async close() {
      isClosed = true;
      clearTimeout(restart);
      executor.send({ kind: "close" });
      const kill = setTimeout(executor.kill, CLOSE_LIMIT_MS);
      await executor.ended;
      clearTimeout(kill);
      for (const run of runs.values()) run.resolve(cancelled(STOPPED));
    },
  };
}

const STOPPED = "The daemon stopped while the step was running.";

function toSent(task: ExecutorTask): SentTask {
  return task.jobInput === task.input ? { ...task, jobInput: null } : task;
}

function interrupted(how: string): StepInterrupted {
  return {
    interrupted: `The process that runs plugins ended (${how}) while the step was running.`,
  };
}

function cancelled(message: string): StepOutcome {
  const failure: Failure = { code: "CANCELLED", message };
  return { ok: false, failure, metrics: null };
}

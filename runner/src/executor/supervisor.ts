/**
 * Keeps one executor alive and gives it steps. When the executor ends, whatever the reason, every
 * step that it was running is interrupted, and a new executor starts immediately. The delay grows
 * while executors end before they are ready.
 */
import type { StepOutcome } from "../pool/messages.ts";
import type { StepHooks, StepInterrupted } from "../ports/plugin-pool.ts";
import type { ExecutorSettings, ExecutorTask, FromExecutor } from "./messages.ts";
import { cancelled, createOpenRuns, interrupted, toSent, type OpenRun } from "./open-runs.ts";
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

export function createSupervisor(options: {
  readonly settings: ExecutorSettings;
  readonly onEnd: (end: ExecutorEnd) => void;
}): Supervisor {
  const { settings } = options;
  const runs = createOpenRuns();
  let isReady = false;
  let isClosed = false;
  let failedStarts = 0;
  let restart: NodeJS.Timeout | undefined;
  /** Whether the executor has zombies, which end only with it. */
  let isWorn = false;
  let executor: ExecutorProcess | null = start();
  const closing = new Set<Promise<void>>();

  function start(): ExecutorProcess {
    const started = spawnExecutor({
      env: settings.env,
      onMessage(message) {
        if (started === executor) onMessage(message);
      },
    });
    started.send({ kind: "open", settings });
    void started.ended.then((how) => onEnd(started, how));
    return started;
  }

  function onMessage(message: FromExecutor): void {
    if (message.kind === "ready") return onReady();
    if (message.kind === "orphans") {
      isWorn = true;
      return retireIfIdle();
    }
    if (message.kind !== "scanned") runs.handle(message);
  }

  function onReady(): void {
    isReady = true;
    failedStarts = 0;
    for (const run of runs.all()) send(run);
  }

  /** A worn executor ends when no step runs. The next step starts another one. */
  function retireIfIdle(): void {
    if (!isWorn || executor === null || runs.areAnySent()) return;
    const closed = endNow(executor).finally(() => closing.delete(closed));
    closing.add(closed);
    executor = null;
    isWorn = false;
    isReady = false;
  }

  function onEnd(ended: ExecutorProcess, how: string): void {
    if (ended !== executor) return;
    const restartInMs = isReady ? 0 : Math.min(FIRST_DELAY_MS * 2 ** failedStarts, MAX_DELAY_MS);
    failedStarts += isReady ? 0 : 1;
    isReady = false;
    isWorn = false;
    const lost = runs.all().filter((run) => isClosed || run.wasSent);
    for (const run of lost) run.resolve(isClosed ? cancelled(STOPPED) : interrupted(how));
    if (isClosed) return;
    options.onEnd({ pid: ended.pid, how, interruptedSteps: lost.length, restartInMs });
    restart = setTimeout(() => (executor = start()), restartInMs);
  }

  function send(run: OpenRun): void {
    run.wasSent = true;
    executor?.send({ kind: "run", run: run.number, task: toSent(run.task) });
    if (run.hooks.signal.aborted) cancel(run);
  }

  function cancel({ number, hooks, wasSent, resolve }: OpenRun): void {
    const { reason } = hooks.signal as { reason: unknown };
    const text = typeof reason === "string" ? reason : null;
    if (wasSent) executor?.send({ kind: "cancel", run: number, reason: text });
    else resolve(cancelled(text ?? "The job was cancelled."));
  }

  return {
    async run(task, hooks) {
      const run = runs.add(task, hooks);
      const onAbort = (): void => cancel(run);
      hooks.signal.addEventListener("abort", onAbort, { once: true });
      executor ??= start();
      if (isReady) send(run);
      try {
        return await run.outcome;
      } finally {
        runs.remove(run);
        retireIfIdle();
        hooks.signal.removeEventListener("abort", onAbort);
      }
    },
    markStale() {
      if (isReady) executor?.send({ kind: "stale" });
    },
    async close() {
      isClosed = true;
      clearTimeout(restart);
      if (executor !== null) await endNow(executor);
      await Promise.all(closing);
      for (const run of runs.all()) run.resolve(cancelled(STOPPED));
    },
  };
}

const STOPPED = "The daemon stopped while the step was running.";

async function endNow(executor: ExecutorProcess): Promise<void> {
  executor.send({ kind: "close" });
  const kill = setTimeout(executor.kill, CLOSE_LIMIT_MS);
  await executor.ended;
  clearTimeout(kill);
}

/** One executor process and the steps that it has. */
import type { Failure } from "../domain/errors.ts";
import type { StepHooks } from "../ports/plugin-pool.ts";
import type { ExecutorSettings, ExecutorTask, FromExecutor, MemoryReport } from "./messages.ts";
import { createOpenRuns, type RunEnd } from "./open-runs.ts";
import { spawnExecutor } from "./spawn-executor.ts";
import { watchSilence } from "./watch-silence.ts";

/** Time to end the threads and write the compile cache. */
const CLOSE_LIMIT_MS = 3_000;

export interface ExecutorEnding {
  /** The exit code or the signal. */
  readonly how: string;
  readonly wasReady: boolean;
  readonly interruptedSteps: number;
}

export interface ExecutorEvents {
  /** A thread ended and left processes behind, which stay zombies until the executor ends. */
  onOrphans(this: void): void;
  /** A thread was ended, but works on in native code. */
  onStuck(this: void): void;
  /** There is a new memory report. */
  onMemory(this: void): void;
  onStepEnd(this: void): void;
  /** The process, not a plugin's console, has printed something. */
  onOutput(this: void, text: string): void;
}

export interface Executor {
  readonly pid: number | undefined;
  /** Its steps, as `OpenRuns` counts them. */
  steps(): { readonly running: number; readonly stuck: number };
  /** The last report. */
  memory(): MemoryReport;
  run(task: ExecutorTask, hooks: StepHooks): Promise<RunEnd>;
  /** Ends the step's thread. The step fails, unless an earlier step left the memory behind. */
  endStep(run: number, failure: Failure): void;
  /** Fails all steps, and ends the process immediately. */
  fail(failure: Failure): void;
  markStale(): void;
  /** Ends all threads, then the process. Steps that have not ended fail with CANCELLED. */
  close(): Promise<void>;
  /** Ends the process immediately. Its steps are interrupted, except those that were stopped before. */
  kill(): void;
  readonly ended: Promise<ExecutorEnding>;
}

export function startExecutor(settings: ExecutorSettings, events: ExecutorEvents): Executor {
  const child = spawnExecutor({
    env: settings.env,
    onMessage: handle,
    onOutput: events.onOutput,
  });
  const runs = createOpenRuns(child.send);
  let wasReady = false;
  let isSilent = false;
  let memory: MemoryReport = { rss: 0, largest: null };
  const silence = watchSilence({
    isExpected: () => !wasReady || runs.count().running + runs.count().stuck > 0,
    onSilent() {
      isSilent = true;
      child.kill();
    },
  });
  silence.start();
  child.send({ kind: "open", settings });
  const ended = child.ended.then((signalOrCode) => {
    silence.end();
    const how = isSilent ? SILENT : signalOrCode;
    return { how, wasReady, interruptedSteps: runs.endAll(how) };
  });

  function handle(message: FromExecutor): void {
    silence.reset();
    if ("run" in message) {
      runs.handle(message);
      if (message.kind === "stuck") events.onStuck();
    } else if (message.kind === "ready") {
      wasReady = true;
      runs.sendAll();
    } else if (message.kind === "memory") {
      ({ memory } = message);
      events.onMemory();
    } else if (message.kind === "orphans") events.onOrphans();
  }

  return {
    pid: child.pid,
    steps: () => runs.count(),
    memory: () => memory,
    ended,
    async run(task, hooks) {
      try {
        silence.start();
        return await runs.run(task, hooks);
      } finally {
        events.onStepEnd();
      }
    },
    endStep: (run, failure) => child.send({ kind: "end-step", run, failure }),
    fail(failure) {
      runs.stopAll(failure);
      child.kill();
    },
    markStale() {
      if (wasReady) child.send({ kind: "stale" });
    },
    async close() {
      runs.stopAll({ code: "CANCELLED", message: STOPPED });
      child.send({ kind: "close" });
      const kill = setTimeout(child.kill, CLOSE_LIMIT_MS);
      await ended;
      clearTimeout(kill);
    },
    kill: () => child.kill(),
  };
}

const SILENT = "killed because it sent nothing for 30 s";
const STOPPED = "The daemon stopped while the step was running.";

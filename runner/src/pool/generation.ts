/**
 * One generation of plugin threads: a Piscina pool, and a message port to each of its threads.
 *
 * Atomics are off. With them, a thread between two tasks sleeps with its event loop stopped, so a
 * plugin's leftovers (a timer, a rejection, a closed socket) run in the middle of a later step.
 * Measured: 35,000 empty round trips a second with two threads, with Atomics or without.
 */
import { Piscina } from "piscina";
import type { Hello, RunMessage, ThreadSettings, ThreadTask } from "./messages.ts";
import { v8LimitMb, watchMemory } from "./watch-memory.ts";
import { createThreadPorts, type ThreadPorts } from "./thread-ports.ts";

/** Measured: under load a thread uses 60 MB less than with Node's default of 48, at the same CPU per step. */
const YOUNG_MB = 16;
/** An idle thread uses 11 MB: all but one end after five minutes without a step. */
const IDLE_THREAD_MS = 5 * 60_000;
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ENTRY = new URL(`./thread/entry.${extension}`, import.meta.url).href;

export interface GenerationOptions {
  readonly size: number;
  /** See watch-memory.ts. */
  readonly memoryMb: number;
  readonly settings: ThreadSettings;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly onMessage: (message: RunMessage) => void;
  /** A thread has ended and left processes behind, which were killed. */
  readonly onOrphans: () => void;
  readonly onMemoryOver: (run: number, message: string) => void;
}

export interface Generation extends Pick<
  ThreadPorts,
  "requestStop" | "readMessages" | "startOf" | "forget"
> {
  /**
   * Resolves when the thread is free again; the step's outcome comes as a message. Rejects when
   * the thread dies. Aborting the signal ends the thread.
   */
  run(task: ThreadTask, signal: AbortSignal): Promise<void>;
  /** Ends all threads immediately. */
  close(): Promise<void>;
}

export function createGeneration(options: GenerationOptions): Generation {
  const { size, memoryMb, settings, env } = options;
  const ports = createThreadPorts(options);
  const piscina = new Piscina({
    filename: ENTRY,
    minThreads: 1,
    maxThreads: size,
    idleTimeout: IDLE_THREAD_MS,
    concurrentTasksPerWorker: 1,
    atomics: "disabled",
    recordTiming: false,
    resourceLimits: {
      maxOldGenerationSizeMb: v8LimitMb(memoryMb),
      maxYoungGenerationSizeMb: YOUNG_MB,
    },
    workerData: settings,
    env: { ...env },
  });
  // Piscina replaces a thread that dies while idle. No step fails.
  piscina.on("error", () => undefined);
  piscina.on("message", (hello: Hello) => ports.add(hello));

  const stopWatching = watchMemory({
    threads: () => piscina.threads,
    runOf: (threadId) => ports.runOf(threadId),
    memoryMb,
    onOver: options.onMemoryOver,
  });

  return {
    ...ports,
    run: (task, signal) => piscina.run(task, { signal }) as Promise<void>,
    async close() {
      stopWatching();
      // A thread that was asked to end earlier can exit after all the others. Piscina would replace
      // it, and nothing would end the replacement.
      piscina.options.minThreads = 0;
      await piscina.destroy();
      ports.close();
    },
  };
}

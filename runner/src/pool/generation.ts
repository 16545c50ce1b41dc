/**
 * One generation of plugin threads: a Piscina pool, and a message port to each of its threads.
 *
 * Atomics are off. With them, a thread between two tasks sleeps with its event loop stopped, so a
 * plugin's leftovers (a timer, a rejection, a closed socket) run in the middle of a later step.
 * Measured: 35,000 empty round trips a second with two threads, with Atomics or without.
 */
import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import type { Hello, RunMessage, ThreadSettings, ThreadTask } from "./messages.ts";
import { v8LimitMb, watchMemory, type ThreadMemory } from "./watch-memory.ts";
import { createThreadPorts, type ThreadPorts } from "./thread-ports.ts";

/** Measured: under load a thread uses 60 MB less than with Node's default of 48, at the same CPU per step. */
const YOUNG_MB = 16;
/** An idle thread uses 11 MB: all but one end after five minutes without a step. */
const IDLE_THREAD_MS = 5 * 60_000;
/** How long a thread can take to end. One that takes longer works in native code. */
const END_LIMIT_MS = 2_000;
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
  /** Called ten times a second with what the thread of a running step uses. */
  readonly onMemory: (run: number, use: ThreadMemory) => void;
}

export interface Generation extends Pick<
  ThreadPorts,
  "requestStop" | "readMessages" | "startOf" | "forget"
> {
  /**
   * Resolves when the thread is free again; the step's outcome comes as a message. Aborting the
   * signal ends the thread. Rejects when the thread has died and its native work has ended too;
   * `onStuck` is called when that takes long.
   */
  run(task: ThreadTask, signal: AbortSignal, onStuck: () => void): Promise<void>;
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
  piscina.on("message", (hello: Hello) => {
    const worker = piscina.threads.find(({ threadId }) => threadId === hello.threadId);
    ports.add(hello, worker === undefined ? Promise.resolve() : exitOf(worker));
  });

  const stopWatching = watchMemory({
    threads: () => piscina.threads,
    runOf: (threadId) => ports.runOf(threadId),
    onUse: options.onMemory,
  });

  return {
    ...ports,
    async run(task, signal, onStuck) {
      try {
        await piscina.run(task, { signal });
      } catch (error) {
        // Piscina rejects when it asks the thread to end, and native code can keep the thread.
        const timer = setTimeout(onStuck, END_LIMIT_MS);
        await ports.endOf(task.run);
        clearTimeout(timer);
        throw error;
      }
    },
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

/** Resolves when the thread has ended, with all the work that it gave to native code. */
async function exitOf(worker: Worker): Promise<void> {
  await once(worker, "exit");
}

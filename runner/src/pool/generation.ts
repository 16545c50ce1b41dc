/**
 * One generation of plugin threads: a Piscina pool, and a message port to each of its threads.
 *
 * Atomics are off. With them, a thread between two tasks sleeps with its event loop stopped, so a
 * plugin's leftovers (a timer, a rejection, a closed socket) run in the middle of a later step.
 * Measured: 35,000 empty round trips a second with two threads, with Atomics or without.
 */
import { Piscina } from "piscina";
import type { Hello, ThreadMessage, ThreadSettings, ThreadTask } from "./messages.ts";
import { createThreadPorts, type ThreadPorts } from "./thread-ports.ts";

const MEMORY_CHECK_MS = 500;
/** Measured: under load a thread uses 60 MB less than with Node's default of 48, at the same CPU per step. */
const YOUNG_MB = 16;
const MIB = 1024 * 1024;
/** An idle thread uses 11 MB: all but one end after five minutes without a step. */
const IDLE_THREAD_MS = 5 * 60_000;
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ENTRY = new URL(`./thread/entry.${extension}`, import.meta.url).href;

export interface GenerationOptions {
  readonly size: number;
  /** Limit of a thread's JavaScript heap, and a second limit of the same size for its buffers. */
  readonly memoryMb: number;
  readonly settings: ThreadSettings;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly onMessage: (message: ThreadMessage) => void;
  readonly onBuffersOver: (run: number, bytes: number) => void;
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
  const ports = createThreadPorts(options.onMessage);
  const piscina = new Piscina({
    filename: ENTRY,
    minThreads: 1,
    maxThreads: size,
    idleTimeout: IDLE_THREAD_MS,
    concurrentTasksPerWorker: 1,
    atomics: "disabled",
    recordTiming: false,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: YOUNG_MB },
    workerData: settings,
    env: { ...env },
  });
  // Piscina replaces a thread that dies while idle. No step fails.
  piscina.on("error", () => undefined);
  piscina.on("message", (hello: Hello) => ports.add(hello));

  /** `resourceLimits` limits only the heap. A plugin's buffers could fill the machine's memory. */
  function checkBuffers(): void {
    for (const worker of piscina.threads) {
      const run = ports.runOf(worker.threadId);
      if (run === null) continue;
      worker.getHeapStatistics().then(
        ({ external_memory: bytes }) => {
          if (bytes > memoryMb * MIB) options.onBuffersOver(run, bytes);
        },
        () => undefined, // The thread ended before it replied.
      );
    }
  }
  const memoryCheck = setInterval(checkBuffers, MEMORY_CHECK_MS).unref();

  return {
    ...ports,
    run: (task, signal) => piscina.run(task, { signal }) as Promise<void>,
    async close() {
      clearInterval(memoryCheck);
      // A thread that was asked to end earlier can exit after all the others. Piscina would replace
      // it, and nothing would end the replacement.
      piscina.options.minThreads = 0;
      await piscina.destroy();
      ports.close();
    },
  };
}

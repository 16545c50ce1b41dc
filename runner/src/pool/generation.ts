/**
 * One generation of plugin threads: a Piscina, and a port to each of its threads.
 *
 * Atomics are off: with them a thread sleeps between tasks with its event loop stopped, so that a
 * plugin's leftovers (a timer, a rejection, a closed socket) come due in the middle of a later
 * step. Measured: 35,000 bare round trips a second with two threads, with or without.
 */
import { Piscina } from "piscina";
import type { Hello, ThreadMessage, ThreadSettings, ThreadTask } from "./messages.ts";
import { createThreadPorts, type ThreadPorts } from "./thread-ports.ts";

const MEMORY_CHECK_MS = 500;
/** Measured: under load a thread holds 60 MB less than with Node's own 48, at the same CPU per step. */
const YOUNG_MB = 16;
const MIB = 1024 * 1024;
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ENTRY = new URL(`./thread/entry.${extension}`, import.meta.url).href;

export interface GenerationOptions {
  readonly size: number;
  /** JavaScript heap that one thread may use; its buffers may take as much again. */
  readonly memoryMb: number;
  readonly settings: ThreadSettings;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly onMessage: (message: ThreadMessage) => void;
  readonly onBuffersOver: (run: number, bytes: number) => void;
}

export interface Generation extends Pick<
  ThreadPorts,
  "requestStop" | "readMessages" | "beginOf" | "forget"
> {
  /**
   * Resolves when the thread is free again: what became of the step is in the message. Rejects when
   * the thread dies; aborting the signal ends the thread.
   */
  run(task: ThreadTask, signal: AbortSignal): Promise<void>;
  /** Ends all threads at once. */
  close(): Promise<void>;
}

/** A thread holds 11 MB when it does nothing: all but one are ended after five quiet minutes. */
const IDLE_THREAD_MS = 5 * 60_000;

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
  // A thread that dies idle is replaced by Piscina; there is no step to fail.
  piscina.on("error", () => undefined);
  piscina.on("message", (hello: Hello) => ports.add(hello));

  /** `resourceLimits` bound the heap only; a plugin can fill the machine with buffers beside it. */
  function checkBuffers(): void {
    for (const worker of piscina.threads) {
      const run = ports.runOf(worker.threadId);
      if (run === null) continue;
      worker.getHeapStatistics().then(
        ({ external_memory: bytes }) => {
          if (bytes > memoryMb * MIB) options.onBuffersOver(run, bytes);
        },
        () => undefined, // The thread has ended meanwhile.
      );
    }
  }
  const memoryCheck = setInterval(checkBuffers, MEMORY_CHECK_MS).unref();

  return {
    ...ports,
    run: (task, signal) => piscina.run(task, { signal }) as Promise<void>,
    async close() {
      clearInterval(memoryCheck);
      // Piscina would replace a thread that was ended before and is gone only after the others:
      // nothing would ever end the new one.
      piscina.options.minThreads = 0;
      await piscina.destroy();
      ports.close();
    },
  };
}

/**
 * Ends a thread that uses too much memory before V8 does: V8 ends the whole process when one
 * allocation does not fit into the heap (nodejs/node#47224). So V8's own limit is well above.
 *
 * The heap that V8 reports includes garbage. An executor's heaps grow by half between two
 * collections (executor/memory-flags.ts), so a heap of more than 1.5 times the limit contains more
 * live data than the limit. Measured with 300 MB of live data and much garbage: at most 560 MB used,
 * and 1,478 MB with V8's own growth.
 */
import type { Worker } from "node:worker_threads";

const CHECK_MS = 100;
const GARBAGE_FACTOR = 1.5;
/** Enough for a large array or map to double its size between two checks. */
const MIN_V8_LIMIT_MB = 4096;
const MIB = 1024 * 1024;

/** What a thread uses, in bytes. The heap includes garbage. */
export interface ThreadMemory {
  readonly heap: number;
  readonly buffers: number;
}

/** V8's limit of a thread's heap. */
export function v8LimitMb(memoryMb: number): number {
  return Math.max(MIN_V8_LIMIT_MB, 2 * memoryMb);
}

/** Checks all threads that run a step. Returns a function that ends the checks. */
export function watchMemory(options: {
  readonly threads: () => readonly Worker[];
  /** The thread's current run; null when the thread is idle. */
  readonly runOf: (threadId: number) => number | null;
  readonly onUse: (run: number, use: ThreadMemory) => void;
}): () => void {
  const asked = new WeakSet<Worker>();

  function check(worker: Worker): void {
    const run = options.runOf(worker.threadId);
    // A thread in native code replies later. One request at a time waits for it.
    if (run === null || asked.has(worker)) return;
    asked.add(worker);
    worker.getHeapStatistics().then(
      ({ used_heap_size: heap, external_memory: buffers }) => {
        asked.delete(worker);
        // The statistics can be those of the step that came next.
        if (options.runOf(worker.threadId) !== run) return;
        options.onUse(run, { heap, buffers });
      },
      () => asked.delete(worker), // The thread ended before it replied.
    );
  }

  const timer = setInterval(() => {
    for (const worker of options.threads()) check(worker);
  }, CHECK_MS).unref();
  return () => clearInterval(timer);
}

/** Says that a thread exceeds its limit for live data on the heap, or for buffers. Null if it does not. */
export function memoryOver(used: ThreadMemory, memoryMb: number): string | null {
  if (used.heap > GARBAGE_FACTOR * memoryMb * MIB) {
    return `The plugin used more than the ${memoryMb} MiB of memory that a thread can have.`;
  }
  if (used.buffers > memoryMb * MIB) {
    const usedMb = Math.round(used.buffers / MIB);
    return `The plugin's buffers use ${usedMb} MiB: a thread can use at most ${memoryMb} MiB.`;
  }
  return null;
}

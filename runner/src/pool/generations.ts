/**
 * Chooses the threads for a step. A thread keeps a module for its whole life, so after a plugin's
 * file has changed the next step starts a new generation. The old one ends with its last step.
 */
import type { Generation } from "./generation.ts";

/** Keeps a generation open until it is released. */
export interface GenerationRef {
  readonly generation: Generation;
  release(): void;
}

export interface Generations {
  /** The current generation; a new one when the current one is stale. */
  acquire(): GenerationRef;
  /** A generation of one new thread, for one step. */
  acquireSingle(): GenerationRef;
  /** Says that the current threads can have old modules loaded. */
  markStale(): void;
  /** Ends every thread, busy or not. */
  close(): Promise<void>;
}

interface CountedGeneration {
  readonly generation: Generation;
  refs: number;
  wasUsed: boolean;
  isStale: boolean;
}

export function createGenerations(
  size: number,
  createGeneration: (size: number) => Generation,
): Generations {
  const closing = new Set<Promise<void>>();
  const open = new Set<Generation>();
  let current = startCounted();

  function start(threads: number): Generation {
    const generation = createGeneration(threads);
    open.add(generation);
    return generation;
  }

  function end(generation: Generation): void {
    if (!open.delete(generation)) return;
    const closed = generation.close().finally(() => closing.delete(closed));
    closing.add(closed);
  }

  function startCounted(): CountedGeneration {
    return { generation: start(size), refs: 0, wasUsed: false, isStale: false };
  }

  function endIfUnused(counted: CountedGeneration): void {
    if (counted.isStale && counted.refs === 0) end(counted.generation);
  }

  return {
    acquire() {
      if (current.isStale) current = startCounted();
      const counted = current;
      counted.wasUsed = true;
      counted.refs += 1;
      return {
        generation: counted.generation,
        release() {
          counted.refs -= 1;
          endIfUnused(counted);
        },
      };
    },
    acquireSingle() {
      const generation = start(1);
      return { generation, release: () => end(generation) };
    },
    markStale() {
      // Threads that have run no step have loaded no plugin.
      if (!current.wasUsed) return;
      current.isStale = true;
      endIfUnused(current);
    },
    async close() {
      for (const generation of open) end(generation);
      await Promise.all(closing);
    },
  };
}

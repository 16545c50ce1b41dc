/**
 * Which threads a step gets. Modules stay in a thread for its life, so after a plugin's file has
 * changed the next step starts a new generation, and the old one ends when its last step has.
 */
import type { Generation } from "./generation.ts";

export interface GenerationSlot {
  readonly generation: Generation;
  release(): void;
}

export interface Generations {
  /** A place in the generation of the day. */
  join(): GenerationSlot;
  /** A new thread for this step alone. */
  alone(): GenerationSlot;
  /** The threads of the day may hold what is no longer so. */
  markStale(): void;
  /** Ends every thread, at work or not. */
  close(): Promise<void>;
}

interface Current {
  readonly generation: Generation;
  atWork: number;
  hasWorked: boolean;
  isStale: boolean;
}

export function createGenerations(
  size: number,
  createGeneration: (size: number) => Generation,
): Generations {
  const closing = new Set<Promise<void>>();
  const open = new Set<Generation>();
  let latest = begin();

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

  function begin(): Current {
    return { generation: start(size), atWork: 0, hasWorked: false, isStale: false };
  }

  function endIfDone(current: Current): void {
    if (current.isStale && current.atWork === 0) end(current.generation);
  }

  return {
    join() {
      if (latest.isStale) latest = begin();
      const current = latest;
      current.hasWorked = true;
      current.atWork += 1;
      return {
        generation: current.generation,
        release() {
          current.atWork -= 1;
          endIfDone(current);
        },
      };
    },
    alone() {
      const generation = start(1);
      return { generation, release: () => end(generation) };
    },
    markStale() {
      if (!latest.hasWorked) return;
      latest.isStale = true;
      endIfDone(latest);
    },
    async close() {
      for (const generation of open) end(generation);
      await Promise.all(closing);
    },
  };
}

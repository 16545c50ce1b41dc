/**
 * Which threads a step gets. Modules stay in a thread for its life, so after a plugin's file has
 * changed the next step starts a new crew, and the old one ends when its last step has.
 */
import type { Crew } from "./generation.ts";

export interface CrewLease {
  readonly crew: Crew;
  release(): void;
}

export interface Crews {
  /** A place in the crew of the day. */
  join(): CrewLease;
  /** A new thread for this step alone. */
  alone(): CrewLease;
  /** The threads of the day may hold what is no longer so. */
  markStale(): void;
  /** Ends every thread, at work or not. */
  close(): Promise<void>;
}

interface Generation {
  readonly crew: Crew;
  atWork: number;
  hasWorked: boolean;
  isStale: boolean;
}

export function createCrews(size: number, createCrew: (size: number) => Crew): Crews {
  const closing = new Set<Promise<void>>();
  const open = new Set<Crew>();
  let today = begin();

  function start(threads: number): Crew {
    const crew = createCrew(threads);
    open.add(crew);
    return crew;
  }

  function end(crew: Crew): void {
    if (!open.delete(crew)) return;
    const closed = crew.close().finally(() => closing.delete(closed));
    closing.add(closed);
  }

  function begin(): Generation {
    return { crew: start(size), atWork: 0, hasWorked: false, isStale: false };
  }

  function endIfDone(generation: Generation): void {
    if (generation.isStale && generation.atWork === 0) end(generation.crew);
  }

  return {
    join() {
      if (today.isStale) today = begin();
      const generation = today;
      generation.hasWorked = true;
      generation.atWork += 1;
      return {
        crew: generation.crew,
        release() {
          generation.atWork -= 1;
          endIfDone(generation);
        },
      };
    },
    alone() {
      const crew = start(1);
      return { crew, release: () => end(crew) };
    },
    markStale() {
      if (!today.hasWorked) return;
      today.isStale = true;
      endIfDone(today);
    },
    async close() {
      for (const crew of open) end(crew);
      await Promise.all(closing);
    },
  };
}

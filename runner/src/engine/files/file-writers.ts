import type { Clock } from "../../ports/clock.ts";

/** The work that can write contents of files: uploads, and jobs with their steps. */
export interface FileWriters {
  /** Returns a function that ends the work. Call it after the work's files are stored. */
  begin(): () => void;
  /** The instant before which no work that goes on has written a content, by the clock of the disk. */
  oldestAt(): number;
}

interface Work {
  readonly at: number;
  readonly monotonicAt: number;
}

export function createFileWriters(clock: Pick<Clock, "now" | "monotonic">): FileWriters {
  const works = new Set<Work>();
  return {
    begin() {
      const work = { at: clock.now(), monotonicAt: clock.monotonic() };
      works.add(work);
      return () => void works.delete(work);
    },
    oldestAt() {
      const now = clock.now();
      const elapsed = clock.monotonic();
      let oldest = now;
      // If the clock was set back, the work wrote at earlier instants than the one at which it began.
      for (const { at, monotonicAt } of works) {
        oldest = Math.min(oldest, at, now - (elapsed - monotonicAt));
      }
      return oldest;
    },
  };
}

/**
 * Decides which job gets the next free plugin thread: jobs that have begun come first, then claimed
 * jobs in the order of their claims.
 */
export interface Threads {
  /** Threads that no job uses or waits for. */
  free(): number;
  /** Threads that a job uses. */
  used(): number;
  /** How many jobs wait for a thread. */
  waiting(): number;
  /** Resolves with true when the caller has a thread, or with false if the signal aborts first. */
  acquire(options: { hasBegun: boolean; signal: AbortSignal }): Promise<boolean>;
  release(): void;
}

type Waiter = (acquired: boolean) => void;

export function createThreads(size: number, onRelease: () => void): Threads {
  const begun = new Set<Waiter>();
  const notBegun = new Set<Waiter>();
  let used = 0;

  function next(): Waiter | undefined {
    const [first] = begun.size > 0 ? begun : notBegun;
    return first;
  }

  return {
    free: () => Math.max(0, size - used - begun.size - notBegun.size),
    used: () => used,
    waiting: () => begun.size + notBegun.size,
    acquire({ hasBegun, signal }) {
      if (signal.aborted) return Promise.resolve(false);
      if (used < size) {
        used += 1;
        return Promise.resolve(true);
      }
      const queue = hasBegun ? begun : notBegun;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const leave = (): void => waiter(false);
      const waiter: Waiter = (acquired) => {
        queue.delete(waiter);
        signal.removeEventListener("abort", leave);
        resolve(acquired);
      };
      queue.add(waiter);
      signal.addEventListener("abort", leave, { once: true });
      return promise;
    },
    release() {
      const waiter = next();
      if (waiter === undefined) used -= 1;
      else waiter(true);
      onRelease();
    },
  };
}

/** Keeps a thread free of steps while `act` runs, if one becomes free in that time. */
export async function occupyThread<T>(
  threads: Pick<Threads, "acquire" | "release">,
  act: () => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const acquired = threads.acquire({ hasBegun: true, signal: done.signal });
  try {
    return await act();
  } finally {
    done.abort();
    if (await acquired) threads.release();
  }
}

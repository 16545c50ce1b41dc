/** Who may use a plugin thread next: jobs under way first, then claimed ones in the order claimed. */
export interface Threads {
  /** Threads that nobody uses or waits for. */
  free(): number;
  /** How many wait. */
  waiting(): number;
  /** Resolves with true when a thread is the caller's, with false when the signal aborts first. */
  acquire(options: { underWay: boolean; signal: AbortSignal }): Promise<boolean>;
  release(): void;
}

type Waiter = (acquired: boolean) => void;

export function createThreads(size: number, onRelease: () => void): Threads {
  const underWay = new Set<Waiter>();
  const claimed = new Set<Waiter>();
  let used = 0;

  function next(): Waiter | undefined {
    const [first] = underWay.size > 0 ? underWay : claimed;
    return first;
  }

  return {
    free: () => Math.max(0, size - used - underWay.size - claimed.size),
    waiting: () => underWay.size + claimed.size,
    acquire(options) {
      if (options.signal.aborted) return Promise.resolve(false);
      if (used < size) {
        used += 1;
        return Promise.resolve(true);
      }
      const line = options.underWay ? underWay : claimed;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const leave = (): void => waiter(false);
      const waiter: Waiter = (acquired) => {
        line.delete(waiter);
        options.signal.removeEventListener("abort", leave);
        resolve(acquired);
      };
      line.add(waiter);
      options.signal.addEventListener("abort", leave, { once: true });
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

/**
 * Merges with one key run one after the other: only one that knows the newest state of the job succeeds,
 * so of n at the same time, all but one would begin again, n times.
 */
export interface MergeTurns {
  /** Calls `merge` when the merges with this identity that were given before have ended. */
  take<T>(identity: string, merge: () => Promise<T>): Promise<T>;
}

export function createMergeTurns(): MergeTurns {
  const last = new Map<string, Promise<void>>();
  return {
    async take(identity, merge) {
      const before = last.get(identity);
      const { promise, resolve } = Promise.withResolvers<void>();
      last.set(identity, promise);
      try {
        await before;
        return await merge();
      } finally {
        resolve();
        if (last.get(identity) === promise) last.delete(identity);
      }
    },
  };
}

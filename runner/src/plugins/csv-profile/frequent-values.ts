export interface Counted {
  count: number;
}

/**
 * Counts values in bounded memory with the algorithm of Misra and Gries, which decrements in
 * batches here (Anderson et al. 2017, "A high-performance algorithm for identifying frequent
 * items").
 *
 * The counts are exact until `capacity` values are stored. After that a count can be too low by up
 * to `maxError()`, which is at most 2 · total / capacity. A value that is not stored occurs at most
 * `maxError()` times.
 */
export function createFrequentValues<Entry extends Counted>(capacity: number) {
  const stored = new Map<string, Entry>();
  let maxError = 0;

  function makeRoom(): void {
    const counts = Float64Array.from(stored.values(), (entry) => entry.count).toSorted();
    const median = counts[counts.length >> 1] ?? 1;
    maxError += median;
    for (const [value, entry] of stored) {
      entry.count -= median;
      if (entry.count <= 0) stored.delete(value);
    }
  }

  return {
    get: (value: string): Entry | undefined => stored.get(value),
    set(value: string, entry: Entry): void {
      if (stored.size >= capacity) makeRoom();
      stored.set(value, entry);
    },
    maxError: () => maxError,
    /** The number of different values. Only correct while the counts are exact. */
    size: () => stored.size,
    /**
     * Most frequent first. With inexact counts, only values that certainly occur more often than
     * all values that are not stored.
     */
    top(limit: number): { value: string; count: number }[] {
      return Array.from(stored, ([value, { count }]) => ({ value, count }))
        .filter(({ count }) => count > maxError)
        .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
        .slice(0, limit);
    },
  };
}

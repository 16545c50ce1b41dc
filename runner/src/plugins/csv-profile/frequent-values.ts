export interface Counted {
  count: number;
}

/**
 * Counts per value in bounded memory, by Misra and Gries' method with many decrements made at once
 * (Anderson et al. 2017, "A high-performance algorithm for identifying frequent items").
 * Exact until `capacity` values are kept. From then on a count may be too low, by at most
 * `maxError()`, which is at most 2 · total / capacity; a value that is not kept occurs at most
 * `maxError()` times.
 */
export function createFrequentValues<Entry extends Counted>(capacity: number) {
  const kept = new Map<string, Entry>();
  let maxError = 0;

  function makeRoom(): void {
    const counts = Float64Array.from(kept.values(), (entry) => entry.count).toSorted();
    const median = counts[counts.length >> 1] ?? 1;
    maxError += median;
    for (const [value, entry] of kept) {
      entry.count -= median;
      if (entry.count <= 0) kept.delete(value);
    }
  }

  return {
    get: (value: string): Entry | undefined => kept.get(value),
    set(value: string, entry: Entry): void {
      if (kept.size >= capacity) makeRoom();
      kept.set(value, entry);
    },
    maxError: () => maxError,
    /** How many values there are, while the counts are exact. */
    size: () => kept.size,
    /** Most frequent first. After the counts stopped being exact only values that certainly beat all that are not kept. */
    top(limit: number): { value: string; count: number }[] {
      return Array.from(kept, ([value, { count }]) => ({ value, count }))
        .filter(({ count }) => count > maxError)
        .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
        .slice(0, limit);
    },
  };
}

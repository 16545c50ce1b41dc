export interface Counted {
  /** How often the value occurred since it was stored, or less if others pushed it out. */
  count: number;
  /** The part of `count` that was reported to `settle`. */
  settled: number;
}

/**
 * Counts values in bounded memory with the algorithm of Misra and Gries, which decrements in
 * batches here (Anderson et al. 2017, "A high-performance algorithm for identifying frequent
 * items").
 *
 * The counts are exact until `capacity` values are stored. After that a count can be too low by up
 * to `maxError()`, which is at most 2 · total / capacity. A value that is not stored occurs at most
 * `maxError()` times.
 *
 * From then on, a value is stored only when it comes again: its first occurrence among the next
 * 2 · capacity ones that are not stored marks a bit, which makes the counts too low by 1 more. Most
 * values of a column of ids are never stored.
 *
 * `settle` receives every occurrence exactly once, in batches, so that sums over all values stay
 * exact and cost nothing per row.
 */
export function createFrequentValues<Entry extends Counted>(
  capacity: number,
  settle: (value: string, entry: Entry, occurrences: number) => void,
) {
  const stored = new Map<string, Entry>();
  let maxError = 0;
  const bits = 1 << Math.ceil(Math.log2(16 * capacity + 32));
  const period = 2 * capacity;
  let marks: Int32Array | null = null;
  let marked = 0;

  function settleAll(): void {
    for (const [value, entry] of stored) {
      const occurrences = entry.count - entry.settled;
      if (occurrences > 0) settle(value, entry, occurrences);
      entry.settled = entry.count;
    }
  }

  function medianCount(): number {
    let once = 0;
    for (const entry of stored.values()) if (entry.count === 1) once += 1;
    // Mostly different values are the usual reason to make room, and need no sorting.
    if (once > stored.size >> 1) return 1;
    const counts = Float64Array.from(stored.values(), (entry) => entry.count).toSorted();
    return counts[counts.length >> 1] ?? 1;
  }

  function makeRoom(): void {
    settleAll();
    const median = medianCount();
    maxError += median;
    for (const [value, entry] of stored) {
      entry.count -= median;
      entry.settled -= median;
      if (entry.count <= 0) stored.delete(value);
    }
  }

  return {
    /** Whether a value with this hash is to be stored. Otherwise the caller settles it. */
    admits(hash: number): boolean {
      if (maxError === 0) return true;
      if (marks === null || marked >= period) {
        marks ??= new Int32Array(bits >>> 5);
        marks.fill(0);
        marked = 0;
        maxError += 1;
      }
      const bit = hash & (bits - 1);
      const mask = 1 << (bit & 31);
      if ((marks[bit >>> 5]! & mask) !== 0) return true;
      marks[bit >>> 5]! |= mask;
      marked += 1;
      return false;
    },
    get: (value: string): Entry | undefined => stored.get(value),
    set(value: string, entry: Entry): void {
      if (stored.size >= capacity) makeRoom();
      stored.set(value, entry);
    },
    settleAll,
    maxError: () => maxError,
    /** The number of different values. Only correct while the counts are exact. */
    size(isCounted: (entry: Entry) => boolean = () => true): number {
      let size = 0;
      for (const entry of stored.values()) if (isCounted(entry)) size += 1;
      return size;
    },
    /**
     * Most frequent first. With inexact counts, only values that certainly occur more often than
     * all values that are not stored.
     */
    top(
      limit: number,
      isCounted: (entry: Entry) => boolean = () => true,
    ): { value: string; count: number }[] {
      return Array.from(stored)
        .filter(([, entry]) => entry.count > maxError && isCounted(entry))
        .map(([value, { count }]) => ({ value, count }))
        .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
        .slice(0, limit);
    },
  };
}

// Read before a plugin can replace it.
const readNs = process.hrtime.bigint.bind(process.hrtime);

/**
 * Milliseconds on a clock that all threads of a process share, and that does not jump when the
 * system's time is set. `performance.now()` counts from each thread's own start.
 */
export function monotonicMs(): number {
  return Number(readNs() / 1_000_000n);
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some instant; unlike `now()`, nobody can set it. */
  monotonic(): number;
  /**
   * Resolves after `ms` (null: never by itself), or at once when the signal aborts; never rejects.
   * A sleep does not keep the process alive.
   */
  sleep(ms: number | null, options: { signal: AbortSignal }): Promise<void>;
}

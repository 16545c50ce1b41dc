export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since an arbitrary instant. Unlike `now()`, it cannot be set. */
  monotonic(): number;
  /**
   * Resolves after `ms`, or immediately when the signal aborts. With `ms` null only the signal ends
   * it. Never rejects. A sleep does not keep the process alive.
   */
  sleep(ms: number | null, options: { signal: AbortSignal }): Promise<void>;
}

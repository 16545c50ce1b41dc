export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, at once when the signal aborts; never rejects. Does not keep the process alive. */
  sleep(ms: number, options: { signal: AbortSignal }): Promise<void>;
}

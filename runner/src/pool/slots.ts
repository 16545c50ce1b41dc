/** At most `size` at a time; the others wait their turn. */
export interface Slots {
  /** Resolves to true with a slot taken, to false when the signal aborts or the slots close first. */
  take(signal: AbortSignal): Promise<boolean>;
  release(): void;
  close(): void;
}

export function createSlots(size: number): Slots {
  let free = size;
  let isClosed = false;
  const waiting = new Set<(isTaken: boolean) => void>();

  function wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isTaken: boolean): void => {
        waiting.delete(settle);
        signal.removeEventListener("abort", onAbort);
        resolve(isTaken);
      };
      const onAbort = (): void => settle(false);
      waiting.add(settle);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  return {
    async take(signal) {
      if (signal.aborted || isClosed) return false;
      if (free === 0) return wait(signal);
      free -= 1;
      return true;
    },
    release() {
      const [next] = waiting;
      if (next === undefined) free += 1;
      else next(true);
    },
    close() {
      isClosed = true;
      for (const settle of waiting) settle(false);
    },
  };
}

/** Wakes the one task that waits on it. */
export interface WakeSignal {
  /** Ends the wait. Without one, the next wait ends immediately. */
  readonly wake: () => void;
  /** Resolves to true when woken, to false after `ms`. The timer keeps no process alive. */
  readonly wait: (ms: number) => Promise<boolean>;
}

export function createWakeSignal(): WakeSignal {
  let isWoken = false;
  let endWait: (() => void) | null = null;

  return {
    wake() {
      isWoken = true;
      endWait?.();
    },
    async wait(ms) {
      if (!isWoken) {
        const { promise, resolve } = Promise.withResolvers<void>();
        endWait = resolve;
        const timer = setTimeout(resolve, ms).unref();
        await promise;
        clearTimeout(timer);
        endWait = null;
      }
      const wasWoken = isWoken;
      isWoken = false;
      return wasWoken;
    },
  };
}

/**
 * Reads broken plugins again while they are broken, although their files have not changed: a package,
 * a secret or a service that they need may come later.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../system/clock.ts";

const GROWTH = 1.5;
const MAX_MS = 30_000;
/** A read that takes long, such as an endless loop, may use this share of the time. */
const MAX_SHARE = 0.1;

export interface BrokenRetry {
  /** Begins again with the shortest pause. */
  start(): void;
  /** Resolves when no read is running. */
  stop(): Promise<void>;
}

export function createBrokenRetry(options: {
  hasBroken: () => boolean;
  readBroken: (signal: AbortSignal) => Promise<void>;
  onError: (error: unknown) => void;
  /** The first pause, in ms. */
  firstMs: number;
}): BrokenRetry {
  const { hasBroken, readBroken, onError, firstMs } = options;
  let stopping = new AbortController();
  let ended = Promise.resolve();

  async function run(signal: AbortSignal): Promise<void> {
    let pauseMs = firstMs;
    let leastMs = 0;
    while (hasBroken()) {
      if (!(await pause(Math.max(pauseMs, leastMs), signal))) return;
      const startedAt = systemClock.monotonic();
      await readBroken(signal).catch(onError);
      leastMs = (systemClock.monotonic() - startedAt) / MAX_SHARE;
      pauseMs = Math.min(MAX_MS, pauseMs * GROWTH);
      if (signal.aborted) return;
    }
  }

  return {
    start() {
      stopping.abort();
      stopping = new AbortController();
      const { signal } = stopping;
      ended = ended.then(() => run(signal));
    },
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

/** False if the signal aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
    return true;
  } catch {
    return false;
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { BucketFailed } from "./bucket-failed.ts";

const FIRST_WAIT_MS = 200;
const MAX_WAIT_MS = 10_000;

/** Repeats what failed for a reason that can pass, for the time. Rejects with the last error. */
export async function repeat<T>(
  act: () => Promise<T>,
  { forMs, signal }: { readonly forMs: number; readonly signal: AbortSignal },
): Promise<T> {
  const endsAt = performance.now() + forMs;
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      const longest = Math.min(FIRST_WAIT_MS * 2 ** failures, MAX_WAIT_MS);
      const waitMs = longest * (0.5 + Math.random() / 2);
      const canPass = error instanceof BucketFailed && error.isPassing;
      if (!canPass || performance.now() + waitMs > endsAt) throw error;
      await sleep(waitMs, undefined, { signal });
    }
  }
}

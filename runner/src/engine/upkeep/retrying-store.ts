import type { Store } from "../../ports/store/store.ts";
import type { StoreRetry } from "./store-retry.ts";

/**
 * A store that repeats the writes that no caller repeats, until they succeed: attempts and releases.
 * Otherwise a failed write (a full disk, a dead writer thread) would leave the job or delivery claimed
 * until its lease ends. All of these writes are safe to repeat.
 */
export function createRetryingStore<
  Writes extends Pick<Store, "recordAttempt" | "releaseDeliveries" | "releaseJobs">,
>(store: Writes, retryWrite: StoreRetry): Writes {
  function withRetry<Arguments extends unknown[], Result>(
    name: string,
    write: (...args: Arguments) => Promise<Result>,
  ): (...args: Arguments) => Promise<Result> {
    return (...args) => retryWrite(name, () => write(...args));
  }

  const { recordAttempt, releaseDeliveries, releaseJobs } = store;
  return {
    ...store,
    recordAttempt(outcome, handOver) {
      let current = handOver;
      return retryWrite("recordAttempt", () => {
        const recorded = recordAttempt(outcome, current);
        // Its instants and its room are those of the first try.
        current = undefined;
        return recorded;
      });
    },
    releaseDeliveries: withRetry("releaseDeliveries", releaseDeliveries),
    releaseJobs: withRetry("releaseJobs", releaseJobs),
  };
}

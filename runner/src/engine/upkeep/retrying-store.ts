import type { Store } from "../../ports/store/store.ts";
import type { StoreRetry } from "./store-retry.ts";

/**
 * A store that writes again, until it can, what nobody else would: what became of an attempt, and
 * that a job or delivery is in hand no longer. Else what was in hand when the store could not write
 * (a full disk, a writer thread that died) would wait for its lease. All of these may be repeated.
 */
export function createRetryingStore<
  Writes extends Pick<Store, "recordAttempt" | "releaseDeliveries" | "releaseJobs">,
>(store: Writes, retryWrite: StoreRetry): Writes {
  function retrying<Arguments extends unknown[]>(
    name: string,
    write: (...args: Arguments) => Promise<void>,
  ): (...args: Arguments) => Promise<void> {
    return (...args) => retryWrite(name, () => write(...args));
  }

  const { recordAttempt, releaseDeliveries, releaseJobs } = store;
  return {
    ...store,
    recordAttempt: retrying("recordAttempt", recordAttempt),
    releaseDeliveries: retrying("releaseDeliveries", releaseDeliveries),
    releaseJobs: retrying("releaseJobs", releaseJobs),
  };
}

import { Transient } from "../domain/errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";

const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 5_000;

/**
 * A store that writes again, until it can, what nobody else would: what became of an attempt, and
 * that a job or delivery is in hand no longer. Else what was in hand when the store could not write
 * (a full disk, a writer thread that died) would wait for its lease. All of these may be repeated.
 * Once the signal has aborted each is tried a last time.
 */
export function createPatientStore<
  Writes extends Pick<Store, "recordAttempt" | "releaseDeliveries" | "releaseJobs">,
>(store: Writes, { clock, log, signal }: { clock: Clock; log: Log; signal: AbortSignal }): Writes {
  function patient<Argument>(
    name: string,
    write: (argument: Argument) => Promise<void>,
  ): (argument: Argument) => Promise<void> {
    return async (argument) => {
      for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
        const isLast = signal.aborted;
        try {
          return await write(argument);
        } catch (error) {
          if (isLast || !(error instanceof Transient)) throw error;
          log.warn({ write: name, err: error, retryInMs: waitMs }, "store.write-postponed");
          await clock.sleep(waitMs, { signal });
        }
      }
    };
  }

  const { recordAttempt, releaseDeliveries, releaseJobs } = store;
  return {
    ...store,
    recordAttempt: patient("recordAttempt", recordAttempt),
    releaseDeliveries: patient("releaseDeliveries", releaseDeliveries),
    releaseJobs: patient("releaseJobs", releaseJobs),
  };
}

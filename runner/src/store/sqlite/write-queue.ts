/**
 * Groups changes: while a batch is with the writer, what is called is gathered for the next one. So
 * a slow disk makes batches larger, not queues longer (reference: 100,000 grouped against 3,200
 * single commits a second). While commits are quick a second batch goes before the first has ended:
 * the writer begins it while this thread deals with what came of the first.
 */
import { Defect } from "../../domain/errors.ts";
import type { Change } from "./change.ts";
import { toError } from "./store-error.ts";
import type { WriterThread } from "./writer-thread.ts";

/** Bounds how long the first change of a batch waits for the last. */
const MAX_BATCH = 1000;
/** Changes that a second batch must have to be worth a commit of its own. */
const WORTH_A_COMMIT = 64;
/** With a disk that takes longer, larger batches do more than overlapping ones. */
const QUICK_COMMIT_MS = 10;

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
  /** Batches: one, or two while commits are quick. */
  let atWriter = 0;
  let lastCommitMs = 0;
  let isTurnSet = false;
  let isDraining = false;
  const drained = Promise.withResolvers<void>();

  function isWorthSending(): boolean {
    if (atWriter === 0) return waiting.length > 0;
    return atWriter === 1 && lastCommitMs < QUICK_COMMIT_MS && waiting.length >= WORTH_A_COMMIT;
  }

  /**
   * After the poll phase: requests that arrived together, and what follows from the batch that was
   * just settled, share a transaction.
   */
  function setTurn(): void {
    if (isTurnSet || !isWorthSending()) return;
    isTurnSet = true;
    setImmediate(() => {
      isTurnSet = false;
      void writeBatch(waiting.splice(0, MAX_BATCH));
      setTurn();
    });
  }

  async function writeBatch(batch: readonly Call[]): Promise<void> {
    atWriter += 1;
    try {
      const { outcomes, commitMs } = await writer.apply(batch.map((call) => call.change));
      lastCommitMs = commitMs;
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
    atWriter -= 1;
    setTurn();
    tellDrained();
  }

  function tellDrained(): void {
    if (isDraining && atWriter === 0 && waiting.length === 0) drained.resolve();
  }

  return {
    write(change) {
      if (isDraining) {
        return Promise.reject(new Defect("STORE_CLOSED", `${change.name}: the store is closed.`));
      }
      return new Promise((resolve, reject) => {
        waiting.push({ change, resolve, reject });
        setTurn();
      });
    },
    drain() {
      isDraining = true;
      tellDrained();
      return drained.promise;
    },
  };
}

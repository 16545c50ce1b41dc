/**
 * Collects changes in write groups: while the writer applies one, new changes are collected for the
 * next. A slow disk then makes groups larger, not the queue longer (measured: 100,000 changes a
 * second in groups, 3,200 with a commit for each). While commits are quick, a second group is sent
 * before the first has ended: the writer starts on it while this thread handles the outcomes of the
 * first.
 */
import { Defect } from "../../domain/errors.ts";
import type { Applied, Change } from "./change.ts";

/** Limits how long the first change of a write group waits for the last. */
const MAX_GROUP = 1000;
/** A second group with fewer changes is not worth a separate commit. */
const MIN_SECOND_GROUP = 64;
/** On a slower disk, larger groups gain more than overlapping ones. */
const QUICK_COMMIT_MS = 10;

/** Applies write groups in the order of the calls. A call need not wait for the one before it. */
export interface Writer {
  apply(changes: readonly Change[]): Promise<Applied>;
}

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

export function createWriteQueue(
  writer: Writer,
  onFailed: (error: unknown) => void = () => {},
): WriteQueue {
  let waiting: Call[] = [];
  /** At most one, or two while commits are quick. */
  let groupsInFlight = 0;
  let lastCommitMs = 0;
  let isSendScheduled = false;
  let isDraining = false;
  const drained = Promise.withResolvers<void>();

  function canSend(): boolean {
    if (groupsInFlight === 0) return waiting.length > 0;
    return (
      groupsInFlight === 1 && lastCommitMs < QUICK_COMMIT_MS && waiting.length >= MIN_SECOND_GROUP
    );
  }

  /**
   * Sends after the event loop's poll phase, so that requests that arrived together share a
   * transaction, and so do the changes that follow from the group that was just settled.
   */
  function scheduleSend(): void {
    if (isSendScheduled || !canSend()) return;
    isSendScheduled = true;
    setImmediate(() => {
      isSendScheduled = false;
      void writeGroup(waiting.splice(0, MAX_GROUP));
      scheduleSend();
    });
  }

  async function writeGroup(group: readonly Call[]): Promise<void> {
    groupsInFlight += 1;
    try {
      const { outcomes, commitMs } = await writer.apply(group.map((call) => call.change));
      lastCommitMs = commitMs;
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.ok) group[index]?.resolve(outcome.value);
        else rejectCall(group[index], outcome.error);
      }
    } catch (error) {
      // Changes behind a lost group are rejected as well: they must not take effect without the
      // changes called before them.
      const lost = [...group, ...waiting];
      waiting = [];
      for (const call of lost) rejectCall(call, error);
    }
    groupsInFlight -= 1;
    scheduleSend();
    resolveIfDrained();
  }

  function rejectCall(call: Call | undefined, error: unknown): void {
    onFailed(error);
    call?.reject(error);
  }

  function resolveIfDrained(): void {
    if (isDraining && groupsInFlight === 0 && waiting.length === 0) drained.resolve();
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

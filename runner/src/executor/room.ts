/**
 * Decides whether one more executor fits into the memory limit. The last attempts of many steps can
 * come at the same time, after one of them has ended their executor twice. Each needs an executor,
 * and the sum of these must not fail a step that does nothing wrong.
 */
import { once, setMaxListeners } from "node:events";
import { totalMb, type MemoryUser } from "./memory-policy.ts";

/** What an executor uses with one small step. Measured: about 95 MiB. */
const START_MB = 128;

export interface Room {
  /** Whether a step's last attempt can start. It always can when no other one runs. */
  isFree(): boolean;
  /** Resolves when there is room, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** An executor has ended or reported its memory. */
  check(): void;
}

export function createRoom(members: Iterable<MemoryUser>, memoryMb: number): Room {
  const changes = new EventTarget();
  // Node warns above 10. Every thread's step can wait here.
  setMaxListeners(0, changes);

  function isFree(): boolean {
    const users = [...members];
    if (!users.some(({ isAlone }) => isAlone)) return true;
    // An executor that has just started has not reported what it uses.
    const usedMb = users.map((user) => Math.max(START_MB, totalMb([user])));
    return usedMb.reduce((sum, mb) => sum + mb, START_MB) <= memoryMb;
  }

  return {
    isFree,
    async wait(signal) {
      while (!isFree() && !signal.aborted) {
        await once(changes, "change", { signal }).catch(() => undefined);
      }
    },
    check: () => void changes.dispatchEvent(new Event("change")),
  };
}

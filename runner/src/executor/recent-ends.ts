/** Remembers for an hour why executors ended. */
import type { ExecutorEnd as Ending } from "../domain/problem.ts";
import type { ExecutorDrain, ExecutorEnd } from "./supervisor.ts";

const KEPT_MS = 60 * 60_000;
/** An executor that ends at each start must not fill the memory. */
const MAX_ENDS = 1_000;

export interface RecentEnds {
  onEnd(end: Pick<ExecutorEnd, "how" | "interruptedSteps" | "pid">): void;
  onDrain(drain: ExecutorDrain): void;
  list(): readonly Ending[];
}

export function createRecentEnds(now: () => number): RecentEnds {
  let ends: (Ending & { readonly pid: number | undefined })[] = [];

  function forgetOld(): void {
    const after = now() - KEPT_MS;
    ends = ends.filter(({ at }) => at > after).slice(-MAX_ENDS);
  }

  return {
    onEnd({ how, interruptedSteps, pid }) {
      // It was drained for its memory, and then killed because its steps did not end.
      const drained = ends.findIndex((end) => end.pid === pid && end.why === "memory");
      const known = ends[drained];
      if (known !== undefined) ends[drained] = { ...known, interruptedSteps };
      else ends.push({ at: now(), why: "crash", detail: how, interruptedSteps, pid });
      forgetOld();
    },
    onDrain({ pid, reason, usedMb }) {
      if (reason !== "memory") return;
      ends.push({ at: now(), why: "memory", detail: `${usedMb} MiB`, interruptedSteps: 0, pid });
      forgetOld();
    },
    list() {
      forgetOld();
      return ends;
    },
  };
}

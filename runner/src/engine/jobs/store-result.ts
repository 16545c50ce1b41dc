import { Transient } from "../../domain/errors.ts";
import {
  concludeStep,
  currentPlugin,
  toUnstorable,
  type EventContext,
  type RunningJob,
} from "../../domain/job.ts";
import type { StepResult } from "../../domain/transition.ts";
import type { JobStatus } from "../../domain/job-spec.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import { occupyThread, type Threads } from "../steps/threads.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { StoreRetry } from "../upkeep/store-retry.ts";
import type { TransitionWriter } from "./write-transition.ts";

export interface Stored {
  /** False if the claim is lost: another daemon has the job, or it has ended. */
  readonly isStored: boolean;
  /** What the job is now. It is queued if the step is to run again. */
  readonly next: JobStatus;
}

export interface ResultDeps {
  readonly writer: Pick<TransitionWriter, "write">;
  readonly threads: Pick<Threads, "acquire" | "release">;
  readonly retryWrite: StoreRetry;
  readonly clock: Pick<Clock, "now">;
  readonly context: EventContext;
  readonly catalog: Pick<PluginCatalog, "known">;
  readonly ids: Pick<Ids, "random">;
  readonly onError: (error: unknown) => void;
}

/**
 * Applies a step's result to the job, stores it, and sets `current.job`. Tries again for as long as
 * the store cannot write. A result that the store refuses fails the step. Rejects with `Transient`
 * when the daemon stops before the result is stored.
 */
export async function storeResult(
  result: StepResult,
  current: { job: RunningJob },
  deps: ResultDeps,
): Promise<Stored> {
  try {
    return await storeOnce(result, current, deps);
  } catch (error) {
    if (error instanceof Transient) throw error;
    deps.onError(error);
    return storeOnce(toUnstorable(current.job, result), current, deps);
  }
}

async function storeOnce(
  result: StepResult,
  current: { job: RunningJob },
  { writer, threads, retryWrite, clock, context, catalog, ids }: ResultDeps,
): Promise<Stored> {
  const before = current.job;
  // Its file can have been changed or removed since the step began.
  const ofPlugin = catalog.known(currentPlugin(before))?.retry ?? null;
  const retry = { ofPlugin, random: ids.random() };
  const ended = endedBy(clock.now(), result);
  const { transition, job } = concludeStep(before, ended, { ...context, retry });
  const write = async (): Promise<boolean> => {
    // Before the write ends: a cancel that comes now follows this transition.
    current.job = job;
    try {
      return await writer.write(transition);
    } catch (error) {
      current.job = before;
      throw error;
    }
  };
  const isStored = await write().catch((error: unknown) => {
    if (!(error instanceof Transient)) throw error;
    // Without its thread, more jobs would run and their outcomes would fill the memory.
    return occupyThread(threads, () => retryWrite("commitTransition", write));
  });
  return { isStored, next: transition.status };
}

/** If the clock was set back since the step ended, its events would be due in the future. */
function endedBy(now: number, result: StepResult): StepResult {
  if (result.endedAt <= now) return result;
  return { ...result, startedAt: Math.min(result.startedAt, now), endedAt: now };
}

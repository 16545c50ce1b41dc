/**
 * The main thread's eye on one run: its deadline, its cancellation, and the grace between asking
 * and ending. The first reason to stop stands.
 */
import type { Failure } from "../domain/errors.ts";

/** The longest that a timer can wait (Node: 2³¹ − 1 ms); 24 days are as good as none. */
const MAX_TIMER_MS = 2_147_483_647;

export interface StepWatch {
  /** Aborted when the thread must end; another one once the step needs another thread. */
  readonly killSignal: AbortSignal;
  /** Why the step was asked to stop; null while it was not. */
  readonly stopped: Failure | null;
  /** Ends the thread without asking. */
  kill(failure: Failure): void;
  end(): void;
}

export function watchStep(options: {
  plugin: string;
  jobTimeoutMs: number | null;
  pluginTimeoutMs: number;
  graceMs: number;
  /** A thread that has not begun by then is blocked by what an earlier step left in it, and ended. */
  beginLimitMs: number;
  /** When the thread began the step; null while the thread is only starting. */
  begunAt: () => number | null;
  signal: AbortSignal;
  requestStop: (reason: string) => void;
}): StepWatch {
  const { signal, graceMs, beginLimitMs } = options;
  const givenAt = performance.now();
  let killer = new AbortController();
  let isInOtherThread = false;
  let stopped: Failure | null = null;
  const limit = tighterLimit(options);
  let timer = setTimeout(onTime, Math.min(limit.ms, beginLimitMs));

  /** The time counts from the step's begin, which is later where a thread had to start first. */
  function onTime(): void {
    const begunAt = options.begunAt();
    if (begunAt === null) return onNotBegun();
    const leftMs = limit.ms - (Date.now() - begunAt);
    if (leftMs <= 0) stop(limit.failure);
    else timer = setTimeout(onTime, Math.min(leftMs, MAX_TIMER_MS));
  }

  function onNotBegun(): void {
    timer = setTimeout(onTime, Math.min(limit.ms, beginLimitMs));
    if (isInOtherThread || performance.now() - givenAt < beginLimitMs) return;
    isInOtherThread = true;
    killer.abort();
    killer = new AbortController();
  }

  function stop(failure: Failure): void {
    if (stopped !== null) return;
    stopped = failure;
    clearTimeout(timer);
    options.requestStop(failure.message);
    timer = setTimeout(() => killer.abort(), graceMs);
  }

  const onCancel = (): void => stop({ code: "CANCELLED", message: cancelMessage(signal) });
  if (signal.aborted) onCancel();
  else signal.addEventListener("abort", onCancel, { once: true });

  return {
    get killSignal() {
      return killer.signal;
    },
    get stopped() {
      return stopped;
    },
    kill(failure) {
      stopped ??= failure;
      killer.abort();
    },
    end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", onCancel);
    },
  };
}

/** `signal.abort("…")` with a text of one's own is told; the web's default reason says nothing. */
function cancelMessage(signal: AbortSignal): string {
  return typeof signal.reason === "string" ? signal.reason : "The job was cancelled.";
}

function tighterLimit(limits: {
  plugin: string;
  jobTimeoutMs: number | null;
  pluginTimeoutMs: number;
}): { ms: number; failure: Failure } {
  const { plugin, jobTimeoutMs, pluginTimeoutMs } = limits;
  if (jobTimeoutMs !== null && jobTimeoutMs < pluginTimeoutMs) {
    const ms = Math.max(0, Math.ceil(jobTimeoutMs));
    const message = `The job's timeoutMs is over: plugin "${plugin}" had the last ${ms} ms of it.`;
    return { ms, failure: { code: "JOB_TIMEOUT", message } };
  }
  const message = `Plugin "${plugin}" ran longer than its timeout of ${pluginTimeoutMs} ms.`;
  return { ms: pluginTimeoutMs, failure: { code: "PLUGIN_TIMEOUT", message } };
}

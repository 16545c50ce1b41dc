/**
 * Watches one run from the main thread: its timeout, its cancellation, and the grace period between
 * asking the plugin to stop and ending its thread. Only the first reason to stop counts.
 */
import type { Failure } from "../domain/errors.ts";
import { monotonicMs } from "./monotonic-clock.ts";
import { systemClock } from "../system/clock.ts";

/** The longest delay of a timer in Node: 2³¹ − 1 ms, about 24 days. */
const MAX_TIMER_MS = 2_147_483_647;

export interface StepWatch {
  /** Aborted when the thread must end. The step gets a new signal when it moves to another thread. */
  readonly killSignal: AbortSignal;
  /** Why the step was asked to stop; null when it was not. */
  readonly stopped: Failure | null;
  /** Ends the thread without asking the plugin to stop. */
  kill(failure: Failure): void;
  /** Ends the thread, so that the step runs again in a new one. */
  endThread(): void;
  end(): void;
}

export function watchStep(options: {
  plugin: string;
  jobTimeoutMs: number | null;
  pluginTimeoutMs: number;
  graceMs: number;
  /** A thread that has not started the step by then is blocked by an earlier step, and is ended. */
  startLimitMs: number;
  /** Whether no earlier step can block the step's thread. */
  isAlone: () => boolean;
  /** When the thread started the step, on the monotonic clock; null until then. */
  startedAt: () => number | null;
  signal: AbortSignal;
  requestStop: (reason: string) => void;
}): StepWatch {
  const { signal, graceMs, startLimitMs } = options;
  const assignedAt = systemClock.monotonic();
  let killer = new AbortController();
  let stopped: Failure | null = null;
  const limit = tighterLimit(options);
  let timer = setTimeout(checkTime, Math.min(limit.ms, startLimitMs));

  /** The timeout counts from the step's start, which comes later when a thread has to start first. */
  function checkTime(): void {
    const startedAt = options.startedAt();
    if (startedAt === null) return checkStart();
    const leftMs = limit.ms - (monotonicMs() - startedAt);
    if (leftMs <= 0) stop(limit.failure);
    else timer = setTimeout(checkTime, Math.min(leftMs, MAX_TIMER_MS));
  }

  function checkStart(): void {
    timer = setTimeout(checkTime, Math.min(limit.ms, startLimitMs));
    if (options.isAlone() || systemClock.monotonic() - assignedAt < startLimitMs) return;
    endThread();
  }

  function endThread(): void {
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
    endThread,
    end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", onCancel);
    },
  };
}

/** The reason given to `abort()` when it is a string. The default reason does not explain anything. */
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
    const message = `The job ran longer than its timeoutMs: plugin "${plugin}" had ${ms} ms left.`;
    return { ms, failure: { code: "JOB_TIMEOUT", message } };
  }
  const message = `Plugin "${plugin}" ran longer than its timeout of ${pluginTimeoutMs} ms.`;
  return { ms: pluginTimeoutMs, failure: { code: "PLUGIN_TIMEOUT", message } };
}

/**
 * The main thread's eye on one run: its deadline, its cancellation, and the grace between asking
 * and ending. The first reason to stop stands.
 */
import type { Failure } from "../domain/errors.ts";

/** The longest that a timer can wait (Node: 2³¹ − 1 ms); 24 days are as good as none. */
const MAX_TIMER_MS = 2_147_483_647;

export interface StepWatch {
  /** Aborted when the thread must end. */
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
  /** When the thread began the step; null while the thread is only starting. */
  begunAt: () => number | null;
  signal: AbortSignal;
  requestStop: (reason: string) => void;
}): StepWatch {
  const { signal, graceMs } = options;
  const killer = new AbortController();
  let stopped: Failure | null = null;
  const limit = tighterLimit(options);
  let timer = setTimeout(onLimit, Math.min(limit.ms, MAX_TIMER_MS));

  /** The time counts from the step's begin, which is later where a thread had to start first. */
  function onLimit(): void {
    const leftMs = limit.ms - (Date.now() - (options.begunAt() ?? Date.now()));
    if (leftMs <= 0) stop(limit.failure);
    else timer = setTimeout(onLimit, Math.min(leftMs, MAX_TIMER_MS));
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
    killSignal: killer.signal,
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

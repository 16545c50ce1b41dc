/** When a step that failed runs again by itself. */
import type { FailureCode } from "./errors.ts";

/** How long a step waits before it runs again. */
export interface Backoff {
  /** The wait after the first failed attempt, in ms. */
  readonly delayMs: number;
  /** Each wait is the one before times this. */
  readonly factor: number;
  /** No wait is longer, in ms. */
  readonly maxDelayMs: number;
  /** Each wait is up to this fraction of itself shorter or longer, from 0 to 1. */
  readonly jitter: number;
}

export interface RetryPolicy {
  /** How often a step runs until its job fails, the first time included. */
  readonly attempts: number;
  readonly backoff: Backoff;
}

export const MAX_ATTEMPTS = 100;

/** The longest wait of a policy, and the longest that a plugin can ask for, in ms. */
export const MAX_RETRY_DELAY_MS = 7 * 24 * 60 * 60 * 1000;

/** The least and the most of each field. */
export const BACKOFF_LIMITS: Readonly<
  Record<keyof Backoff, readonly [least: number, most: number]>
> = {
  delayMs: [0, MAX_RETRY_DELAY_MS],
  factor: [1, 100],
  maxDelayMs: [0, MAX_RETRY_DELAY_MS],
  jitter: [0, 1],
};

export const DEFAULT_BACKOFF: Backoff = {
  delayMs: 1_000,
  factor: 2,
  maxDelayMs: 60 * 60 * 1000,
  jitter: 0.2,
};

/** What a plugin asked for with the error that it threw. */
export type RetryWish = "never" | { readonly afterMs: number };

/** Failures that another attempt can avoid. The others are those of the job's input, options and end. */
const AVOIDABLE: ReadonlySet<FailureCode> = new Set([
  "PLUGIN_THREW",
  "PLUGIN_TIMEOUT",
  "OUT_OF_MEMORY",
  "PLUGIN_EXITED",
  "PLUGIN_CRASHED",
  "FILES_FULL",
  "FILES_UNAVAILABLE",
]);

/**
 * The wait before the next attempt, in ms, after `failedAttempts` that failed, the last with this code.
 * Null if the step is not run again. `random` is in [0, 1).
 */
export function stepRetryDelayMs(
  policy: RetryPolicy | null,
  failed: {
    readonly failedAttempts: number;
    readonly code: FailureCode;
    readonly wish?: RetryWish | undefined;
    readonly random: number;
  },
): number | null {
  const { failedAttempts, code, wish, random } = failed;
  if (policy === null || failedAttempts >= policy.attempts) return null;
  if (wish === "never" || !AVOIDABLE.has(code)) return null;
  if (wish !== undefined)
    return Math.min(Math.max(0, Math.round(wish.afterMs)), MAX_RETRY_DELAY_MS);
  const { delayMs, factor, maxDelayMs, jitter } = policy.backoff;
  const wait = Math.min(delayMs * factor ** (failedAttempts - 1), maxDelayMs);
  const shortest = wait * (1 - jitter);
  const longest = Math.min(wait * (1 + jitter), maxDelayMs);
  return Math.round(shortest + random * (longest - shortest));
}

/** A policy as it is written: what is left out has its default. */
export interface RetryRequest {
  readonly attempts: number;
  readonly backoff?: { readonly [field in keyof Backoff]?: Backoff[field] | undefined } | undefined;
}

export function toRetryPolicy({ attempts, backoff = {} }: RetryRequest): RetryPolicy {
  const { delayMs, factor, maxDelayMs, jitter } = DEFAULT_BACKOFF;
  return {
    attempts,
    backoff: {
      delayMs: backoff.delayMs ?? delayMs,
      factor: backoff.factor ?? factor,
      maxDelayMs: backoff.maxDelayMs ?? maxDelayMs,
      jitter: backoff.jitter ?? jitter,
    },
  };
}

/** A retry policy as texts that a person types. */
import type { Job } from "../../api/schema.ts";
import { durationText, parseDuration } from "../../parts/duration-input.ts";
import { formatDuration } from "../../parts/duration-text.ts";

type RetryPolicy = NonNullable<Job["retry"]>;
type Backoff = RetryPolicy["backoff"];

/** An empty text stands for the default. Without attempts, there is no policy. */
export interface RetryDraft {
  readonly attempts: string;
  readonly delay: string;
  readonly factor: string;
  readonly maxDelay: string;
  readonly jitter: string;
}

export const NO_RETRY: RetryDraft = {
  attempts: "",
  delay: "",
  factor: "",
  maxDelay: "",
  jitter: "",
};

/** The daemon's own. */
export const DEFAULT_BACKOFF: Backoff = {
  delayMs: 1_000,
  factor: 2,
  maxDelayMs: 3_600_000,
  jitter: 0.2,
};

/** Waits that are told one by one. */
const TOLD_WAITS = 4;

export function draftOfRetry(retry: RetryPolicy | null): RetryDraft {
  if (retry === null) return NO_RETRY;
  const { attempts, backoff } = retry;
  const text = (field: keyof Backoff, toText: (value: number) => string): string =>
    backoff[field] === DEFAULT_BACKOFF[field] ? "" : toText(backoff[field]);
  return {
    attempts: String(attempts),
    delay: text("delayMs", durationText),
    factor: text("factor", String),
    maxDelay: text("maxDelayMs", durationText),
    jitter: text("jitter", String),
  };
}

/** The policy as JSON text, if there is one. Throws Error with a sentence about what is wrong. */
export function retryOf(draft: RetryDraft): string | undefined {
  if (draft.attempts.trim() === "") return undefined;
  const backoff = {
    delayMs: durationOf(draft.delay, "The first wait"),
    factor: numberOf(draft.factor, "The factor"),
    maxDelayMs: durationOf(draft.maxDelay, "The longest wait"),
    jitter: numberOf(draft.jitter, "The jitter"),
  };
  const isDefault = Object.values(backoff).every((value) => value === undefined);
  const attempts = numberOf(draft.attempts, "The number of attempts");
  return JSON.stringify({ attempts, ...(isDefault ? {} : { backoff }) });
}

/** What the policy does, as a sentence. Null while the texts say no policy. */
export function tellRetry(draft: RetryDraft): string | null {
  const policy = parsePolicy(draft);
  if (policy === null) return null;
  const { attempts, delayMs, factor, maxDelayMs, jitter } = policy;
  if (attempts === 1) return "A step that fails does not run again.";
  const count = Math.min(attempts - 1, TOLD_WAITS);
  const waits = Array.from({ length: count }, (_, index) =>
    toWait(Math.min(delayMs * factor ** index, maxDelayMs)),
  );
  const isMore = attempts - 1 > TOLD_WAITS;
  const last = isMore ? `so on, up to ${toWait(maxDelayMs)}` : waits.pop();
  const list = waits.length === 0 ? last : `${waits.join(", ")} and ${last}`;
  const spread = jitter === 0 ? "" : `, ±${Math.round(jitter * 100)}\u00a0%`;
  return `A step that fails runs again after ${list}${spread}.`;
}

function toWait(ms: number): string {
  return formatDuration(ms).replace(".0 s", " s");
}

function parsePolicy(draft: RetryDraft): (Backoff & { readonly attempts: number }) | null {
  try {
    const text = retryOf(draft);
    if (text === undefined) return null;
    const { attempts, backoff } = JSON.parse(text) as RetryPolicy;
    return Number.isInteger(attempts) && attempts >= 1
      ? { ...DEFAULT_BACKOFF, ...backoff, attempts }
      : null;
  } catch {
    return null;
  }
}

function durationOf(text: string, what: string): number | undefined {
  if (text.trim() === "") return undefined;
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new Error(`${what} is "${text}". It must be a duration such as 500ms, 90s, 15m, 2h or 7d.`);
}

function numberOf(text: string, what: string): number | undefined {
  if (text.trim() === "") return undefined;
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw new Error(`${what} is "${text}". It must be a number.`);
}

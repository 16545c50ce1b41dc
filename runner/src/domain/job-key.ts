/**
 * A key that at most one job has at a time. A request with the key of a job that has it makes no job: it
 * gets that one. A job loses its key by what it does, without a write: whoever asks for the key decides.
 */
import type { JobStatus } from "./job-spec.ts";

/** How long a job has its key: until it first starts, until it ends, or for a time, whatever its status. */
export const KEY_SPANS = ["queued", "active", "ttl"] as const;
export type KeySpan = (typeof KEY_SPANS)[number];

/** The characters of a key. */
export const MAX_KEY_LENGTH = 255;

/** The longest time for which a key is kept. */
export const MAX_KEY_TTL_MS = 30 * 24 * 60 * 60 * 1000;

/** What a client asks for. */
export interface Dedupe {
  readonly key: string;
  readonly while?: "queued" | "active" | undefined;
  readonly ttlMs?: number | undefined;
}

/** Whose request the job has: the newest one's, or the first one's. */
export const DEBOUNCE_MODES = ["last", "first"] as const;
export type DebounceMode = (typeof DEBOUNCE_MODES)[number];

/** What is stored of the window beside its end. */
export interface DebounceWindow {
  readonly mode: DebounceMode;
  /** Where the array in the input is that the items of all requests are collected in. */
  readonly collect: string | null;
  /** How many requests were merged into the first. */
  readonly merged: number;
}

export interface JobKey {
  readonly kind: "dedupe" | "debounce";
  readonly key: string;
  readonly span: KeySpan;
  /**
   * When a key that is kept for a time is free again, or the latest instant at which a debounced job is
   * due. Null for the others.
   */
  readonly until: number | null;
  /** Only of a debounced job. */
  readonly window?: DebounceWindow;
}

/** The state of a job that decides whether it still has its key. */
export interface KeyedJob {
  readonly status: JobStatus;
  readonly sequence: number;
  readonly stepAttempts: number;
  readonly endedAt: number | null;
}

export function hasKey(
  { span, until }: Pick<JobKey, "span" | "until">,
  job: KeyedJob,
  now: number,
): boolean {
  switch (span) {
    case "queued":
      return isUntouched(job);
    case "active":
      return job.endedAt === null;
    case "ttl":
      return now < (until ?? now);
  }
}

/** No plugin has run for it. The step of a job that was claimed can run before its first event is stored. */
export function isUntouched({ status, sequence, stepAttempts }: KeyedJob): boolean {
  return status === "queued" && sequence === 0 && stepAttempts === 0;
}

export function toDedupeKey({ key, while: span, ttlMs }: Dedupe, now: number): JobKey {
  if (ttlMs !== undefined) return { kind: "dedupe", key, span: "ttl", until: now + ttlMs };
  return { kind: "dedupe", key, span: span ?? "active", until: null };
}

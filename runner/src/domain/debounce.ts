/**
 * Several requests that become one job: each request that arrives while the job waits moves its start, at
 * most to the end of the window, which the first request opened.
 */
import type { DebounceMode, JobKey } from "./job-key.ts";

/** The longest window. */
export const MAX_WINDOW_MS = 7 * 24 * 60 * 60 * 1000;

/** A JSON Pointer, RFC 6901 §3. */
export const JSON_POINTER = /^(?:\/(?:[^/~]|~[01])*)*$/;

/** What a client asks for. */
export interface Debounce {
  readonly key: string;
  readonly delayMs: number;
  readonly maxMs: number;
  readonly mode?: DebounceMode | undefined;
  readonly collect?: string | undefined;
}

/** The key of the first request, which opens the window. */
export function toDebounceKey({ key, maxMs, mode, collect }: Debounce, now: number): JobKey {
  const window = { mode: mode ?? "last", collect: collect ?? null, merged: 0 };
  return { kind: "debounce", key, span: "queued", until: now + maxMs, window };
}

/** When the job is due after a request. It can be in the past, if the job has waited for a thread. */
export function debouncedRunAt(
  { delayMs }: Pick<Debounce, "delayMs">,
  { now, until }: { readonly now: number; readonly until: number },
): number {
  return Math.min(now + delayMs, until);
}

/** Returns the array at the pointer, or null if there is none. */
export function arrayAt(input: unknown, pointer: string): readonly unknown[] | null {
  let at = input;
  for (const key of keysOf(pointer)) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return null;
    at = (at as Readonly<Record<string, unknown>>)[key];
  }
  return Array.isArray(at) ? at : null;
}

/** Returns the input with another array at the pointer, where it has one. */
export function withArrayAt(input: unknown, pointer: string, items: readonly unknown[]): unknown {
  return replaceAt(input, keysOf(pointer), items);
}

function replaceAt(value: unknown, keys: readonly string[], items: readonly unknown[]): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return items;
  const member = replaceAt((value as Readonly<Record<string, unknown>>)[key], rest, items);
  if (Array.isArray(value)) return value.with(Number(key), member);
  return { ...(value as object), [key]: member };
}

function keysOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

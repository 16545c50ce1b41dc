/** The trace that a job belongs to, as W3C Trace Context names it: https://www.w3.org/TR/trace-context/ */

export interface TraceContext {
  /** Version 00: `00-TRACE_ID-SPAN_ID-FLAGS`. */
  readonly traceparent: string;
  /** What the tracing systems of the caller pass on. Left out if there is none. */
  readonly tracestate?: string;
}

/** How a job belongs to its caller's trace; `off`: it does not, and nothing is recorded. */
export const TRACE_POLICIES = ["parent", "link", "off"] as const;
export type TracePolicy = (typeof TRACE_POLICIES)[number];

const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);
const SAMPLED = 1;
/** Longer ones may be dropped (§3.3.1.5), and headers must not grow without a limit. */
const MAX_TRACESTATE = 512;

/**
 * Returns what a caller sent, or null if it is not valid, which the standard has receivers ignore. A later
 * version is read as far as version 00 goes.
 */
export function parseTraceContext(traceparent: unknown, tracestate?: unknown): TraceContext | null {
  if (typeof traceparent !== "string") return null;
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(traceparent.trim()) ?? [];
  if (version === undefined || version === "ff" || traceId === NO_TRACE || spanId === NO_SPAN) {
    return null;
  }
  if (version === "00" && more !== undefined) return null;
  const state = parseTracestate(tracestate);
  return {
    traceparent: `00-${traceId}-${spanId}-${flags}`,
    ...(state !== null && { tracestate: state }),
  };
}

function parseTracestate(given: unknown): string | null {
  const text = Array.isArray(given) ? given.join(",") : given;
  if (typeof text !== "string") return null;
  const trimmed = text.trim();
  const fits = trimmed.length > 0 && trimmed.length <= MAX_TRACESTATE;
  return fits && /^[\x20-\x7e]+$/.test(trimmed) ? trimmed : null;
}

export function traceIdOf({ traceparent }: TraceContext): string {
  return traceparent.slice(3, 35);
}

export function spanIdOf({ traceparent }: TraceContext): string {
  return traceparent.slice(36, 52);
}

/** Whether the caller records its part of the trace. */
export function isSampled({ traceparent }: TraceContext): boolean {
  return (Number.parseInt(traceparent.slice(53), 16) & SAMPLED) !== 0;
}

/** A field of log lines about a job. */
export function traceField({ trace }: { readonly trace?: TraceContext | undefined }) {
  return trace === undefined ? {} : { traceId: traceIdOf(trace) };
}

/** As it is stored: the `traceparent` and, behind a space, the `tracestate`. */
export function toTraceText({ traceparent, tracestate }: TraceContext): string {
  return tracestate === undefined ? traceparent : `${traceparent} ${tracestate}`;
}

export function fromTraceText(text: string): TraceContext {
  const [traceparent = "", ...rest] = text.split(" ");
  return rest.length === 0 ? { traceparent } : { traceparent, tracestate: rest.join(" ") };
}

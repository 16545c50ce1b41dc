import type { IncomingHttpHeaders } from "node:http";
import { parseTraceContext, type TraceContext } from "../domain/trace-context.ts";

interface TraceFields {
  readonly traceparent?: string | null | undefined;
  readonly tracestate?: string | null | undefined;
}

/** The trace that a request names: its body's, then its headers'. One that is not valid is none. */
export function parseTrace(
  headers: IncomingHttpHeaders,
  body: TraceFields = {},
): TraceContext | null {
  const { traceparent, tracestate } = headers;
  if (traceparent === undefined && !body.traceparent) return null;
  return (
    parseTraceContext(body.traceparent, body.tracestate) ??
    parseTraceContext(traceparent, tracestate)
  );
}

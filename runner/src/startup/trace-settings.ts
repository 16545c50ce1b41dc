/** The settings of traces that OpenTelemetry has no variables for. */
import { z } from "zod";
import { TRACE_POLICIES } from "../domain/trace-context.ts";
import { parsed } from "./setting-types.ts";

export const TRACE_SETTINGS = {
  traces: z
    .enum(TRACE_POLICIES, `must be one of ${TRACE_POLICIES.join(", ")}`)
    .default("parent")
    .describe(
      "How jobs belong to the traces of their callers (`traceparent`). `parent`: a job goes on with the trace of its request, unless it is one of a batch or begins more than 5 minutes later. `link`: each job has a trace of its own, with a link to that of its request. `off`: no trace is read, sent or exported. Traces are exported if `OTEL_EXPORTER_OTLP_ENDPOINT` is set.",
    ),
  traceUrl: parsed(parseTraceUrl)
    .optional()
    .describe(
      "URL of a trace where traces are shown, with `{traceId}` in place of its id, such as `https://jaeger.example.com/trace/{traceId}`. The console and the job's JSON link to it.",
    ),
};

/** Returns the template. Throws with what it must be: the console makes a link of it. */
function parseTraceUrl(text: string): string {
  const url = URL.parse(text.replaceAll("{traceId}", "0"));
  if (!text.includes("{traceId}") || url === null || !/^https?:$/.test(url.protocol)) {
    throw new Error(
      "must be an http or https URL with {traceId} in it, such as https://jaeger.example.com/trace/{traceId}",
    );
  }
  return text;
}

/**
 * Spans with the SDK of OpenTelemetry, exported by OTLP over HTTP as protobuf. Only `startup/tracing.ts` loads
 * this file, and only if traces are exported. The exporter itself reads the `OTEL_EXPORTER_OTLP_*` variables.
 */
import { randomBytes } from "node:crypto";
import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Link,
  type SpanContext,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
  type SpanExporter,
} from "@opentelemetry/sdk-trace";
import { isSampled, spanIdOf, traceIdOf, type TraceContext } from "../domain/trace-context.ts";
import type { Log } from "../ports/log.ts";
import type { Span, Tracer } from "../ports/tracer.ts";
import type { TracingSettings } from "./tracing-settings.ts";

const KINDS = {
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
} as const;

/** How long a stop waits for the export. */
const CLOSE_MS = 5_000;
/** An endpoint that is down fails every few seconds. */
const REPORT_EVERY_MS = 60_000;

export function createOtelTracer(
  settings: TracingSettings,
  { version, log }: { readonly version: string; readonly log: Log },
): Tracer {
  const processor = new BatchSpanProcessor({
    exporter: reportFailures(new OTLPTraceExporter(), log),
    ...settings.queue,
  });
  const own = { "service.name": "playground", "service.version": version };
  const provider = new TracerProvider({
    sampler: toSampler(settings),
    resource: defaultResource()
      .merge(resourceFromAttributes(own))
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("playground-runner", version);

  return {
    start({ name, kind, at, parent, link = null, attributes }) {
      if (parent === null && link !== null && !isSampled(link)) return unrecorded();
      const links: Link[] = link === null ? [] : [{ context: toSpanContext(link) }];
      const options = { kind: KINDS[kind], startTime: at, attributes: { ...attributes }, links };
      const span = tracer.startSpan(name, options, toContext(parent));
      const startedAt = performance.now();
      return {
        context: toTraceContext(span.spanContext()),
        end({ at: endedAt, error, attributes: more } = {}) {
          if (more !== undefined) span.setAttributes({ ...more });
          if (error !== undefined) {
            span.setAttribute("error.type", error);
            span.setStatus({ code: SpanStatusCode.ERROR });
          }
          span.end(endedAt ?? at + (performance.now() - startedAt));
        },
      };
    },
    async close() {
      const { promise: waited, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, CLOSE_MS);
      await Promise.race([provider.shutdown().catch(() => undefined), waited]);
      clearTimeout(timer);
    },
  };
}

/** A trace of its own that is not recorded, as the one that it is linked to is not. */
function unrecorded(): Span {
  const [traceId, spanId] = [randomBytes(16).toString("hex"), randomBytes(8).toString("hex")];
  return { context: { traceparent: `00-${traceId}-${spanId}-00` }, end: () => undefined };
}

function toSampler({ sampler, ratio }: TracingSettings): Sampler {
  const [, parentBased, root = sampler] = /^(parentbased_)(.*)$/.exec(sampler) ?? [];
  const own = toRootSampler(root, ratio);
  return parentBased === undefined ? own : new ParentBasedSampler({ root: own });
}

function toRootSampler(name: string, ratio: number): Sampler {
  if (name === "always_off") return new AlwaysOffSampler();
  return name === "traceidratio" ? new TraceIdRatioBasedSampler(ratio) : new AlwaysOnSampler();
}

function toContext(parent: TraceContext | null): Context {
  return parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, toSpanContext(parent));
}

function toSpanContext(context: TraceContext): SpanContext {
  const { tracestate } = context;
  return {
    traceId: traceIdOf(context),
    spanId: spanIdOf(context),
    traceFlags: isSampled(context) ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  };
}

function toTraceContext({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const flags = traceFlags.toString(16).padStart(2, "0");
  const tracestate = traceState?.serialize() ?? "";
  return {
    traceparent: `00-${traceId}-${spanId}-${flags}`,
    ...(tracestate !== "" && { tracestate }),
  };
}

/** Logs that spans could not be exported: the first time, and then at most once a minute. */
function reportFailures(exporter: SpanExporter, log: Log): SpanExporter {
  let reportedAt = Number.NEGATIVE_INFINITY;
  let lost = 0;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error !== undefined) {
          lost += spans.length;
          if (performance.now() - reportedAt >= REPORT_EVERY_MS) {
            log.warn({ spans: lost, error: result.error.message }, "traces.not-exported");
            reportedAt = performance.now();
            lost = 0;
          }
        }
        done(result);
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}

/** An endpoint for OTLP over HTTP that decodes the spans it gets: opentelemetry/proto/trace/v1/trace.proto. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { readMessage, type Message } from "./protobuf.ts";
import { until } from "./until.ts";

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: "client" | "consumer" | "internal" | "producer" | "server" | "unspecified";
  /** In ms since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
  /** Of the process. */
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface OtlpReceiver {
  /** The value of OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Everything that was received, as Latin-1. */
  raw(): string;
  /** Waits until every name has come in a trace. Returns its spans, in the order of their starts. */
  untilTrace(traceId: string, names: readonly string[]): Promise<ReceivedSpan[]>;
  close(): Promise<void>;
}

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;

export async function createOtlpReceiver(
  answer: (response: ServerResponse) => void = (response) => void response.end(),
): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  let raw = "";
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const sent = Buffer.concat(chunks);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
      raw += body.toString("latin1");
      spans.push(...toSpans(readMessage(body)));
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    raw: () => raw,
    untilTrace: (traceId, names) =>
      until(`${names.join(", ")} in trace ${traceId}`, () => {
        const found = spans.filter((span) => span.traceId === traceId);
        const left = found.map(({ name }) => name);
        for (const name of names) {
          const index = left.indexOf(name);
          if (index === -1) return null;
          left.splice(index, 1);
        }
        return found.toSorted((a, b) => a.startedAt - b.startedAt);
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function toSpans(request: Message): ReceivedSpan[] {
  return request.messages(1).flatMap((resourceSpans) => {
    const [resource] = resourceSpans.messages(1);
    const shared = toAttributes(resource?.messages(1) ?? []);
    return resourceSpans
      .messages(2)
      .flatMap((scope) => scope.messages(2))
      .map((span) => toSpan(span, shared));
  });
}

function toSpan(span: Message, resource: ReceivedSpan["resource"]): ReceivedSpan {
  return {
    traceId: span.hex(1),
    spanId: span.hex(2),
    parentSpanId: span.hex(4),
    name: span.text(5),
    kind: KINDS[Number(span.number(6))] ?? "unspecified",
    startedAt: Number(span.number(7)) / 1e6,
    endedAt: Number(span.number(8)) / 1e6,
    attributes: toAttributes(span.messages(9)),
    links: span.messages(13).map((link) => ({ traceId: link.hex(1), spanId: link.hex(2) })),
    isError: span.messages(15).some((status) => status.number(3) === 2n),
    resource,
  };
}

function toAttributes(pairs: readonly Message[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [value] = pair.messages(2);
      const isNumber = value?.has(3) === true;
      return [pair.text(1), isNumber ? Number(value?.number(3)) : value?.text(1)];
    }),
  );
}

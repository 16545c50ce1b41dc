/**
 * Draws one real trace into docs/images/trace.svg: a caller like an n8n workflow submits a job, and an endpoint
 * refuses the last event once. The daemon's spans are those that a collector gets; the spans of the caller and of
 * the endpoint are measured here, as their own tracing would.
 *
 *   node runner/scripts/make-trace-picture.ts
 */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { traceIdOf } from "../src/domain/trace-context.ts";
import { startDaemon } from "../test/support/daemon.ts";
import { createOtlpReceiver } from "../test/support/otlp-receiver.ts";
import { createReceiver } from "../test/support/receiver.ts";

const PICTURE = new URL("../../docs/images/trace.svg", import.meta.url);
/** What the n8n node of a workflow would send, and what the endpoint does with it. */
const PLUGINS = {
  "read-orders": `async ({ orders }) => { await sleep(40); return { orders: orders.filter(({ paid }) => paid) }; }`,
  "sum-orders": `async ({ orders }) => { await sleep(25); return { total: orders.reduce((sum, { euros }) => sum + euros, 0) }; }`,
};
/** Of the longest text beside a bar. */
const TIME_WIDTH = 76;
const ORDERS = [
  { euros: 120, paid: true },
  { euros: 80, paid: false },
];

interface Bar {
  readonly label: string;
  readonly of: "caller" | "daemon" | "receiver";
  readonly depth: number;
  readonly from: number;
  readonly to: number;
  readonly isError?: boolean;
}

const now = (): number => performance.timeOrigin + performance.now();
const received: { parentId: string; label: string; from: number; to: number }[] = [];
let isRefused = false;
const collector = await createOtlpReceiver();
const receiver = await createReceiver(({ headers, event }, response) => {
  const from = now();
  const { status } = event as { status: string };
  response.statusCode = status === "completed" && !isRefused ? 503 : 200;
  isRefused ||= status === "completed";
  response.end("ok", () => {
    const parentId = String(headers["traceparent"]).slice(36, 52);
    received.push({ parentId, label: `${status}: ${response.statusCode}`, from, to: now() });
  });
});
const daemon = await startDaemon({
  plugins: PLUGINS,
  env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: "50" },
});
try {
  await drawTrace();
} finally {
  await Promise.all([daemon.close(), receiver.close(), collector.close()]);
}

async function drawTrace(): Promise<void> {
  const traceparent = `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`;
  const job = {
    plugins: Object.keys(PLUGINS),
    input: { orders: ORDERS },
    webhook: { url: `${receiver.url}/webhook/orders` },
  };
  // The first job loads the plugins.
  await daemon.post("/v1/jobs", { ...job, webhook: undefined }, { prefer: "wait=20" });
  const from = now();
  await daemon.post("/v1/jobs", job, { traceparent });
  const to = now();
  const posts = ["POST", "POST", "POST", "POST", "POST"];
  const spans = await collector.untilTrace(traceIdOf({ traceparent }), [
    "send read-orders",
    "process read-orders",
    "process sum-orders",
    ...posts,
  ]);
  const acceptedFirst = spans.toSorted(
    (a, b) => Number(b.name.startsWith("send")) - Number(a.name.startsWith("send")),
  );
  const bars: Bar[] = [
    { label: "n8n: POST /v1/jobs", of: "caller", depth: 0, from, to },
    ...acceptedFirst.flatMap((span): Bar[] => {
      const depth = span.name.startsWith("send") ? 1 : 2;
      const times = { from: span.startedAt, to: span.endedAt };
      const label =
        span.name === "POST" ? `POST ${String(span.attributes["playground.event"])}` : span.name;
      const answers = received.filter(({ parentId }) => parentId === span.spanId);
      return [
        { label, of: "daemon", depth, ...times, isError: span.isError },
        ...answers.map((answer): Bar => ({ ...answer, of: "receiver", depth: 3 })),
      ];
    }),
  ];
  await writeFile(PICTURE, toSvg(bars));
  process.stdout.write(`Drew ${bars.length} spans into ${PICTURE.pathname}.\n`);
}

/** The time in which nothing happens, while the delivery waits for its retry, is cut out. */
function createScale(bars: readonly Bar[], width: number) {
  const begin = Math.min(...bars.map(({ from }) => from));
  const sorted = bars.toSorted((a, b) => a.from - b.from);
  let latest = begin;
  let gap = { at: Infinity, ms: 0 };
  for (const { from, to } of sorted) {
    if (from - latest > gap.ms) gap = { at: latest, ms: from - latest };
    latest = Math.max(latest, to);
  }
  // A tenth of the picture.
  const kept = (latest - begin - gap.ms) / 9;
  const short = (at: number): number =>
    at <= gap.at ? at - begin : at - begin - Math.max(0, gap.ms - kept);
  const perMs = width / short(latest);
  return {
    x: (at: number): number => short(at) * perMs,
    gapX: (short(gap.at) + kept / 2) * perMs,
    gapMs: gap.ms,
  };
}

function toSvg(bars: readonly Bar[]): string {
  const [left, right, row, top] = [230, 80, 24, 38];
  const width = 880;
  const height = top + bars.length * row + 40;
  const scale = createScale(bars, width - left - right);
  const gapAt = left + scale.gapX;
  const rows = bars.map(({ label, of, depth, from, to, isError = false }, index) => {
    const y = top + index * row;
    const x = left + scale.x(from);
    const length = Math.max(3, scale.x(to) - scale.x(from));
    const ms = to - from;
    const shown = ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
    const isBeforeGap = x + length < gapAt && x + length + TIME_WIDTH > gapAt;
    const textX = isBeforeGap ? x - 6 : x + length + 6;
    return [
      `<text x="${12 + depth * 16}" y="${y + 15}">${label}</text>`,
      `<rect class="${of}${isError ? " error" : ""}" x="${x.toFixed(1)}" y="${y + 4}" width="${length.toFixed(1)}" height="14" rx="2"/>`,
      `<text class="time" x="${textX.toFixed(1)}" y="${y + 15}"${isBeforeGap ? ' text-anchor="end"' : ""}>${shown} ms${isError ? ", 503" : ""}</text>`,
    ].join("\n  ");
  });
  const bottom = top + bars.length * row;
  const gapX = gapAt.toFixed(1);
  const legend = ["caller", "daemon", "receiver"].map(
    (of, index) =>
      `<rect class="${of}" x="${left + index * 130}" y="12" width="12" height="12" rx="2"/><text x="${left + 18 + index * 130}" y="23">${{ caller: "n8n", daemon: "Playground", receiver: "receiver" }[of]}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="One trace: a request of n8n, its job's acceptance, wait and two steps in Playground, and the receiver's answers to five deliveries">
  <style>
    .page { fill: #ffffff; stroke: #d0d7de; }
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .time { font-size: 11px; fill: #57606a; }
    .caller { fill: #bf5700; } .daemon { fill: #0969da; } .receiver { fill: #1a7f37; } .error { fill: #cf222e; }
    .gap { stroke: #8c959f; stroke-dasharray: 3 4; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #161b22; stroke: #30363d; }
      text { fill: #e6edf3; } .time { fill: #9198a1; }
      .caller { fill: #f0883e; } .daemon { fill: #4493f8; } .receiver { fill: #3fb950; } .error { fill: #f85149; }
    }
  </style>
  <rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
  ${legend.join("\n  ")}
  <line class="gap" x1="${gapX}" y1="${top}" x2="${gapX}" y2="${bottom + 8}"/>
  <text class="time" x="${gapX}" y="${bottom + 24}" text-anchor="end">${(scale.gapMs / 1000).toFixed(1)} s until the retry</text>
  ${rows.join("\n  ")}
</svg>
`;
}

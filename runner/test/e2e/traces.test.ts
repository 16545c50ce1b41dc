/** Traces of a real daemon, as a collector gets them. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createOtlpReceiver, type ReceivedSpan } from "../support/otlp-receiver.ts";
import { createReceiver, type Received, type Receiver } from "../support/receiver.ts";

const CALLER = "00f067aa0ba902b7";
/** For what is exported every few seconds. */
const SOON = { OTEL_BSP_SCHEDULE_DELAY: "50" };
const ECHO = "async (input) => input";
const FAILS = `async () => { throw new Error("hunter2"); }`;
const FETCHES = `async ({ url }, ctx) => {
  await ctx.fetch(url, { method: "POST", body: "{}" });
  await ctx.fetch(url, { method: "POST", body: "{}", headers: { traceparent: "own" } });
  return ctx.trace;
}`;

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close();
});

function opening<T extends { close(): Promise<void> }>(one: T): T {
  opened.push(one);
  return one;
}

/** One daemon for the tests that need no other. */
let shared: Awaited<ReturnType<typeof start>>;
beforeAll(async () => {
  const env = { PLAYGROUND_TRACE_URL: "https://traces.example.com/{traceId}" };
  shared = await start({
    env,
    plugins: { first: ECHO, second: ECHO, fetches: FETCHES, fails: FAILS },
  });
  ofShared.push(...opened.splice(0));
});
const ofShared: typeof opened = [];
afterAll(async () => {
  for (const each of ofShared.toReversed()) await each.close();
});
afterEach(() => void shared.receiver.received.splice(0));

type Options = NonNullable<Parameters<typeof startDaemon>[0]>;

/** A daemon that exports, the collector and a webhook's endpoint. */
async function start({ env, ...options }: Options = {}) {
  const collector = opening(await createOtlpReceiver());
  const receiver = opening(await createReceiver());
  const daemon = opening(
    await startDaemon({
      plugins: { first: ECHO, second: ECHO },
      ...options,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...SOON, ...env },
    }),
  );
  return { collector, receiver, daemon };
}

let lastTrace = 0;

function newTrace(flags = "01"): { traceId: string; traceparent: string } {
  lastTrace += 1;
  const traceId = lastTrace.toString(16).padStart(32, "a");
  return { traceId, traceparent: `00-${traceId}-${CALLER}-${flags}` };
}

function named(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.find((span) => span.name === name);
  if (found === undefined) throw new Error(`There is no span ${name}.`);
  return found;
}

function idsOf({ headers }: Received): string[] {
  return String(headers["traceparent"]).split("-");
}

async function submit(
  daemon: Daemon,
  {
    receiver,
    headers = {},
    ...fields
  }: { receiver?: Receiver; headers?: Record<string, string> } & Record<string, unknown>,
) {
  const webhook = receiver === undefined ? undefined : { url: `${receiver.url}/hook` };
  return daemon.post(
    "/v1/jobs",
    { plugins: ["first"], input: { n: 1 }, webhook, ...fields },
    { prefer: "wait=10", ...headers },
  );
}

test("one trace leads from the caller through the daemon to the receiver", async () => {
  const { daemon, collector, receiver } = shared;
  const { traceId, traceparent } = newTrace();
  const job = await submit(daemon, {
    receiver,
    plugins: ["first", "second"],
    input: { password: "hunter2" },
    webhook: { url: `${receiver.url}/secret-path?key=hunter3`, headers: { "x-key": "hunter4" } },
    headers: { traceparent, tracestate: "vendor=1" },
  });
  expect(job).toMatchObject({ traceId, traceUrl: `https://traces.example.com/${traceId}` });
  const received = await receiver.untilReceived(4);
  const spans = await collector.untilTrace(traceId, [
    "send first",
    "wait first",
    "process first",
    "process second",
    ...Array.from(received, () => "POST"),
  ]);
  expect(spans.length).toBe(8);
  const send = named(spans, "send first");
  expect(send).toMatchObject({
    parentSpanId: CALLER,
    kind: "producer",
    resource: { "service.name": "playground" },
    attributes: { "messaging.system": "playground", "messaging.message.id": job.jobId },
  });
  for (const span of spans) {
    if (span !== send) expect(span).toMatchObject({ parentSpanId: send.spanId, isError: false });
    expect(span.endedAt).toBeGreaterThanOrEqual(span.startedAt);
  }
  expect(named(spans, "process second")).toMatchObject({
    kind: "consumer",
    attributes: { "playground.step": 1, "playground.attempt": 1 },
  });
  const posts = spans.filter(({ name }) => name === "POST");
  expect(posts.map(({ attributes }) => attributes["http.response.status_code"])).toEqual(
    posts.map(() => 200),
  );
  expect(posts[0]).toMatchObject({ kind: "client", attributes: { "server.address": "127.0.0.1" } });
  // Each request names the span of its attempt, so that the receiver's spans are its children.
  expect(received.map((each) => idsOf(each).slice(0, 3).join("-")).toSorted()).toEqual(
    posts.map(({ spanId }) => `00-${traceId}-${spanId}`).toSorted(),
  );
  expect(received.map(({ headers }) => headers["tracestate"])).toEqual(
    received.map(() => "vendor=1"),
  );
  expect(collector.raw()).not.toMatch(/hunter|secret-path/);
});

test("a plugin's own requests belong to its step", async () => {
  const { daemon, collector, receiver } = shared;
  const { traceId, traceparent } = newTrace();
  const job = await submit(daemon, {
    plugins: ["fetches"],
    input: { url: receiver.url },
    headers: { traceparent },
  });
  const step = named(await collector.untilTrace(traceId, ["process fetches"]), "process fetches");
  const its = `00-${traceId}-${step.spanId}-01`;
  expect(job.output).toEqual({ traceparent: its, tracestate: null });
  expect(receiver.received.map(({ headers }) => headers["traceparent"])).toEqual([its, "own"]);
});

test("a body names the trace where a client cannot set headers, also of each job of a batch", async () => {
  const { daemon, collector } = shared;
  const [ofBody, ofHeader] = [newTrace(), newTrace()];
  const headers = { traceparent: ofHeader.traceparent };
  const job = await submit(daemon, { headers, traceparent: ofBody.traceparent });
  expect(job.traceId).toBe(ofBody.traceId);
  const own = newTrace();
  const { jobs } = await daemon.post(
    "/v1/batches",
    { jobs: [{ plugins: ["first"], traceparent: own.traceparent }, { plugins: ["second"] }] },
    { prefer: "wait=10", ...headers },
  );
  const send = named(await collector.untilTrace(ofHeader.traceId, ["send batch"]), "send batch");
  expect(send).toMatchObject({
    parentSpanId: CALLER,
    attributes: { "messaging.batch.message_count": 2 },
  });
  await collector.untilTrace(own.traceId, ["create first", "process first"]);
  const { traceId } = await daemon.get(`/v1/jobs/${jobs[1].jobId}`);
  expect([ofHeader.traceId, own.traceId]).not.toContain(traceId);
  const spans = await collector.untilTrace(traceId, ["create second", "process second"]);
  const create = named(spans, "create second");
  expect(create).toMatchObject({
    parentSpanId: "",
    links: [{ traceId: send.traceId, spanId: send.spanId }],
  });
  expect(named(spans, "process second").parentSpanId).toBe(create.spanId);
});

test("a job goes on with its trace after the daemon was killed", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-traces-"));
  opening({ close: () => rm(root, { recursive: true, force: true }) });
  const file = join(root, "go");
  const plugins = {
    waits: `async () => { while (!existsSync(${JSON.stringify(file)})) await sleep(5); return 1; }`,
  };
  const { daemon, collector, receiver } = await start({ root, plugins });
  const { traceId, traceparent } = newTrace();
  const { jobId } = await daemon.post(
    "/v1/jobs",
    { plugins: ["waits"], webhook: { url: receiver.url } },
    { traceparent },
  );
  await receiver.untilReceived(1, ({ event }) => event.status === "started");
  await collector.untilTrace(traceId, ["send waits", "POST"]);
  await daemon.end("SIGKILL");
  await writeFile(file, "");
  opening(
    await startDaemon({ root, env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...SOON } }),
  );
  const [completed] = await receiver.untilReceived(1, ({ event }) => event.status === "completed");
  const spans = await collector.untilTrace(traceId, ["process waits", "POST", "POST", "POST"]);
  expect(spans.map(({ parentSpanId }) => parentSpanId)).toEqual(
    spans.map(({ name }) => (name === "send waits" ? CALLER : named(spans, "send waits").spanId)),
  );
  expect(idsOf(completed!)[1]).toBe(traceId);
  expect(named(spans, "process waits").attributes["messaging.message.id"]).toBe(jobId);
});

test("a job that a client retries has a new trace with a link to the one before", async () => {
  const { daemon, collector } = shared;
  const [before, after] = [newTrace(), newTrace()];
  const { jobId } = await submit(daemon, {
    plugins: ["fails"],
    headers: { traceparent: before.traceparent },
  });
  const failed = await collector.untilTrace(before.traceId, ["send fails", "process fails"]);
  expect(named(failed, "process fails")).toMatchObject({
    isError: true,
    attributes: { "error.type": "PLUGIN_THREW" },
  });
  expect(collector.raw()).not.toContain("hunter2");
  await daemon.post(`/v1/jobs/${jobId}/retry`, undefined, { traceparent: after.traceparent });
  const spans = await collector.untilTrace(after.traceId, ["retry job", "process fails"]);
  expect(named(spans, "retry job")).toMatchObject({
    parentSpanId: CALLER,
    links: [{ traceId: before.traceId, spanId: named(failed, "send fails").spanId }],
  });
  expect((await daemon.get(`/v1/jobs/${jobId}`)).traceId).toBe(after.traceId);
});

test("a trace that the caller does not record is passed on, and not exported", async () => {
  const { daemon, collector, receiver } = shared;
  const [off, on] = [newTrace("00"), newTrace("01")];
  await submit(daemon, { receiver, headers: { traceparent: off.traceparent } });
  const received = await receiver.untilReceived(3);
  expect(received.map((each) => [idsOf(each)[1], idsOf(each)[3]])).toEqual(
    received.map(() => [off.traceId, "00"]),
  );
  await submit(daemon, { headers: { traceparent: on.traceparent } });
  await collector.untilTrace(on.traceId, ["process first"]);
  expect(collector.spans.filter(({ traceId }) => traceId === off.traceId)).toEqual([]);
});

test("with PLAYGROUND_TRACES=off, a trace ends at the daemon", async () => {
  const { daemon, collector, receiver } = await start({ env: { PLAYGROUND_TRACES: "off" } });
  const job = await submit(daemon, { receiver, headers: { traceparent: newTrace().traceparent } });
  expect([job.traceId, job.traceUrl]).toEqual([null, null]);
  const received = await receiver.untilReceived(3);
  expect(received.map(({ headers }) => headers["traceparent"])).toEqual(
    received.map(() => undefined),
  );
  expect(await daemon.end("SIGTERM")).toBe(0);
  expect(collector.spans).toEqual([]);
});

/** Prints the modules of OpenTelemetry as they are loaded. */
const WATCH = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({
    load(url, context, next) {
      // The library of the metrics loads the interfaces.
      if (/@opentelemetry.(?!api)|otel/.test(url)) console.error("loaded " + url);
      return next(url, context);
    },
  });
`)}`;

test("without an endpoint, nothing of OpenTelemetry is loaded, and a trace is passed on as it came", async () => {
  const receiver = opening(await createReceiver());
  const nodeArgs = ["--import", WATCH];
  const daemon = opening(await startDaemon({ plugins: { first: ECHO }, nodeArgs }));
  const { traceId, traceparent } = newTrace();
  const headers = { traceparent, tracestate: "vendor=1" };
  const job = await submit(daemon, { receiver, headers });
  expect([job.traceId, job.traceUrl]).toEqual([traceId, null]);
  const received = await receiver.untilReceived(3);
  expect(received.map((each) => [each.headers["traceparent"], each.headers["tracestate"]])).toEqual(
    received.map(() => [traceparent, "vendor=1"]),
  );
  expect((await submit(daemon, {})).traceId).toBeNull();
  expect(await daemon.end("SIGTERM")).toBe(0);
  expect(daemon.output()).not.toContain("loaded ");
  const { daemon: exporting } = await start({ nodeArgs });
  expect(exporting.output()).toMatch(/loaded .*sdk-trace/);
});

test("jobs do not notice a collector that is down, and the log tells of it", async () => {
  const { daemon, collector, receiver } = await start();
  await collector.close();
  for (let job = 0; job < 5; job += 1) {
    expect((await submit(daemon, { receiver })).status).toBe("completed");
  }
  await receiver.untilReceived(15);
  expect(await daemon.end("SIGTERM")).toBe(0);
  expect(daemon.output()).toContain("traces.not-exported");
});

test("a stop exports what is left, and does not wait for a collector that never answers", async () => {
  const slow = opening(await createOtlpReceiver(() => undefined));
  const { daemon } = await start({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: slow.url } });
  const { daemon: quick, collector } = await start({ env: { OTEL_BSP_SCHEDULE_DELAY: "600000" } });
  const { traceId } = await submit(daemon, {});
  await slow.untilTrace(traceId, ["send first"]);
  const begun = performance.now();
  const ended = daemon.end("SIGTERM");
  const job = await submit(quick, {});
  expect(await quick.end("SIGTERM")).toBe(0);
  await collector.untilTrace(job.traceId, ["send first", "wait first", "process first"]);
  expect(await ended).toBe(0);
  expect(performance.now() - begun).toBeLessThan(15_000);
});

test("a variable with a wrong value stops the start", async () => {
  const wrong = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", ...wrong };
  await expect(startDaemon({ env })).rejects.toThrow(
    'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": it must be http/protobuf',
  );
});

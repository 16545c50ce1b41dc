import { expect, test } from "vitest";
import { Refused } from "../../domain/errors.ts";
import type { RunningJob } from "../../domain/job.ts";
import { toJsonText } from "../../domain/json-text.ts";
import type { TraceContext, TracePolicy } from "../../domain/trace-context.ts";
import type { ClaimedDelivery } from "../../ports/store/deliveries.ts";
import type { SpanEnd, SpanStart, Tracer } from "../../ports/tracer.ts";
import { createJobTraces } from "./job-traces.ts";

const MINUTE_MS = 60_000;
const CALLER = trace(1);
const OTHER = trace(2);

interface Recorded extends SpanStart {
  readonly context: TraceContext;
  ended?: SpanEnd;
}

function trace(number: number): TraceContext {
  const id = String(number).padStart(16, "0");
  return { traceparent: `00-${id}${id}-${id}-01` };
}

function given({ policy = "parent", at = 0 }: { policy?: TracePolicy; at?: number } = {}) {
  const spans: Recorded[] = [];
  const tracer: Tracer = {
    start(span) {
      const recorded: Recorded = { ...span, context: trace(100 + spans.length) };
      spans.push(recorded);
      return {
        context: recorded.context,
        end(result = {}) {
          recorded.ended = result;
        },
      };
    },
    close: async () => {},
  };
  const traces = createJobTraces({ tracer, policy, clock: { now: () => at } });
  const only = (): Recorded => {
    const [first, ...more] = spans;
    if (first === undefined || more.length > 0) throw new Error(`There are ${spans.length} spans.`);
    return first;
  };
  return { traces, spans, only };
}

function job(fields: Partial<RunningJob> = {}): RunningJob {
  return {
    id: "job_1",
    name: null,
    metadata: toJsonText({}),
    plugins: [{ name: "first", options: toJsonText({}) }],
    input: toJsonText({ password: "hunter2" }),
    priority: 0,
    runAt: 0,
    timeoutMs: null,
    createdAt: 0,
    fence: 1,
    owner: "owner_1",
    sequence: 0,
    stepAttempts: 1,
    startedAt: 0,
    completedSteps: [],
    trace: CALLER,
    ...fields,
  };
}

function delivery(fields: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
  return {
    id: "dlv_1",
    fence: 1,
    owner: "owner_1",
    subjectId: "job_1",
    sequence: 1,
    kind: "completed",
    body: toJsonText({}),
    bytes: 2,
    destination: 1,
    eventAt: 0,
    target: {
      webhookId: "wh_1",
      isPersistent: false,
      url: "https://user:hunter2@hooks.example.com/hunter3?key=hunter4",
      sealed: null,
      retries: 5,
      timeoutMs: null,
    },
    attempts: 0,
    retriesUsed: 0,
    trace: CALLER,
    ...fields,
  };
}

test("a job goes on with its caller's trace, or begins one", () => {
  const { traces, spans } = given();
  const accepting = traces.accept(CALLER, { plugin: "first", dueAt: null });
  accepting.end({ jobId: "job_1" });
  traces.accept(null, { plugin: "first", dueAt: null });
  expect(accepting.trace).toEqual(spans[0]?.context);
  expect(spans).toMatchObject([
    {
      name: "send first",
      parent: CALLER,
      link: null,
      ended: { attributes: { "messaging.message.id": "job_1" } },
    },
    { name: "send first", parent: null, link: null },
  ]);
});

test("a request that is refused has the code as its error", () => {
  const { traces, only } = given();
  const error = new Refused("QUEUE_FULL", "hunter2");
  traces.accept(CALLER, { plugin: "first", dueAt: null }).end({ error });
  expect(only().ended).toEqual({ error: "QUEUE_FULL" });
});

test.each([
  ["begins in 5 minutes", "parent", 5 * MINUTE_MS, true],
  ["begins later", "parent", 5 * MINUTE_MS + 1, false],
  ["is to be linked", "link", null, false],
] as const)("a job that %s", (_, policy, dueAt, isParent) => {
  const { traces, only } = given({ policy });
  traces.accept(CALLER, { plugin: "first", dueAt });
  expect(only()).toMatchObject(
    isParent
      ? { name: "send first", parent: CALLER, link: null }
      : { name: "create first", parent: null, link: CALLER },
  );
});

test("each job of a batch has a trace of its own with a link to the batch, if it is stored", () => {
  const { traces, spans } = given();
  const batch = traces.acceptBatch(CALLER, 3);
  const ids = ["job_1", "job_2"];
  const own = ids.map((id) => batch.traceOf({ id, plugin: "first", given: null }));
  batch.traceOf({ id: "job_3", plugin: "second", given: OTHER });
  batch.end({ batchId: "batch_1", jobs: ["job_1", "job_3"] });
  const [send, first, second, third] = spans;
  expect(own).toEqual([first?.context, second?.context]);
  expect(send).toMatchObject({ name: "send batch", parent: CALLER, ended: {} });
  expect(first).toMatchObject({
    name: "create first",
    parent: null,
    link: send?.context,
    ended: {},
  });
  expect(second).not.toHaveProperty("ended");
  // It has a caller of its own.
  expect(third).toMatchObject({ name: "create second", parent: OTHER, link: send?.context });
});

test("a schedule's job begins a trace", () => {
  const { traces, only } = given();
  expect(traces.scheduled({ id: "job_1", plugin: "first" })).toEqual(only().context);
  expect(only()).toMatchObject({ name: "create first", parent: null, link: null, ended: {} });
});

test("a client's retry goes on with its own trace, and links to the job's", () => {
  const { traces, spans } = given();
  traces.acceptRetry(OTHER, { id: "job_1", trace: CALLER });
  traces.acceptRetry(null, { id: "job_1", trace: CALLER });
  expect(spans).toMatchObject([
    { name: "retry job", parent: OTHER, link: CALLER, ended: {} },
    { name: "retry job", parent: null, link: CALLER, ended: {} },
  ]);
});

test.each([
  ["the first attempt, however late", {}, 60, true],
  ["another attempt within 5 minutes", { failedAttempts: { count: 1, durationMs: 1 } }, 5, true],
  ["another attempt later", { failedAttempts: { count: 1, durationMs: 1 } }, 6, false],
  ["an interrupted step later", { stepAttempts: 2 }, 6, false],
] as const)("a step: %s", (_, fields, minutes, isParent) => {
  const { traces, only } = given({ at: minutes * MINUTE_MS });
  traces.step(job(fields)).end({ interrupted: "It crashed." });
  expect(only()).toMatchObject({
    name: "process first",
    parent: isParent ? CALLER : null,
    link: isParent ? null : CALLER,
    ended: { error: "INTERRUPTED" },
  });
});

test.each([
  ["the first attempt, however late", {}, 60, true],
  ["another attempt within 5 minutes", { attempts: 1 }, 5, true],
  ["another attempt later", { attempts: 1 }, 6, false],
  ["a batch's callback", { kind: "batch" }, 0, false],
] as const)("a delivery: %s", (_, fields, minutes, isParent) => {
  const { traces, only } = given({ at: minutes * MINUTE_MS });
  const span = traces.attempt(delivery(fields));
  expect(span.trace).toEqual(only().context);
  expect(only()).toMatchObject({
    parent: isParent ? CALLER : null,
    link: isParent ? null : CALLER,
  });
});

test("the wait is from when the job can begin", () => {
  const { traces, only } = given({ at: 50 });
  traces.began(job({ createdAt: 10, runAt: 30 }));
  expect(only()).toMatchObject({ name: "wait first", at: 30, parent: CALLER, ended: { at: 50 } });
});

test("an attempt has its answer, and nothing of the URL but the server", () => {
  const { traces, spans } = given();
  const answered = { kind: "answered", status: 503, retryAfter: null, body: "hunter5" } as const;
  traces.attempt(delivery({ attempts: 2 })).end({ ...answered, tookMs: 1 });
  traces.attempt(delivery()).end({ kind: "failed", code: "ECONNREFUSED", message: "hunter6" });
  expect(spans).toMatchObject([
    {
      attributes: {
        "server.address": "hooks.example.com",
        "server.port": 443,
        "http.request.resend_count": 2,
      },
      ended: { error: "503", attributes: { "http.response.status_code": 503 } },
    },
    { ended: { error: "ECONNREFUSED" } },
  ]);
  expect(JSON.stringify(spans)).not.toContain("hunter");
});

test("without a tracer, what a caller sent is passed on as it came", () => {
  const clock = { now: () => 0 };
  const traces = createJobTraces({ tracer: null, policy: "parent", clock });
  expect(traces.accept(CALLER, { plugin: "first", dueAt: null }).trace).toBe(CALLER);
  const batch = traces.acceptBatch(CALLER, 1);
  expect(batch.traceOf({ id: "job_1", plugin: "first", given: null })).toBe(CALLER);
  expect(batch.traceOf({ id: "job_1", plugin: "first", given: OTHER })).toBe(OTHER);
  expect(traces.step(job()).trace).toBe(CALLER);
  expect(traces.attempt(delivery()).trace).toBe(CALLER);
  expect(traces.acceptRetry(null, { id: "job_1", trace: CALLER })).toBeNull();
});

test("a job without a trace allocates nothing if nothing is recorded", () => {
  const traces = createJobTraces({ tracer: null, policy: "parent", clock: { now: () => 0 } });
  const { trace: _, ...bare } = job();
  const { trace: __, ...bareDelivery } = delivery();
  const spans = [
    traces.accept(null, { plugin: "first", dueAt: null }),
    traces.step(bare),
    traces.attempt(bareDelivery),
  ];
  expect(new Set(spans).size).toBe(1);
});

test("with `off`, no trace is passed on", () => {
  const { traces, spans } = given({ policy: "off" });
  expect([
    traces.accept(CALLER, { plugin: "first", dueAt: null }).trace,
    traces.step(job()).trace,
    traces.attempt(delivery()).trace,
    traces.acceptRetry(OTHER, { id: "job_1", trace: CALLER }),
    spans.length,
  ]).toEqual([null, null, null, null, 0]);
});

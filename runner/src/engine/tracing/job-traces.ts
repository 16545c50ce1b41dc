/**
 * The spans of jobs. Those of a job are children of the span in which it was accepted, which is exported at
 * once: so no span waits for another to end, and a daemon that dies leaves none without its parent.
 *
 * A job belongs to its caller's trace if it is the only one of its request and can begin soon. Otherwise, or if
 * the operator wants that, it has a trace of its own with a link to the caller's.
 */
import { Refused } from "../../domain/errors.ts";
import { currentPlugin, isRepeated, type RunningJob } from "../../domain/job.ts";
import type { TraceContext, TracePolicy } from "../../domain/trace-context.ts";
import type { StepResult } from "../../domain/transition.ts";
import { isSuccess, type Answer } from "../../domain/delivery.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ClaimedDelivery } from "../../ports/store/deliveries.ts";
import type { StepInterrupted } from "../../ports/plugin-pool.ts";
import type { Attributes, Span, Tracer } from "../../ports/tracer.ts";

/** A trace that ended this long ago has been stored and judged: what is done later gets its own. */
const LATE_MS = 5 * 60_000;

export interface Acceptance {
  /** What the job goes on with. */
  readonly trace: TraceContext | null;
  end(result: { readonly jobId?: string; readonly error?: unknown }): void;
}

export interface BatchAcceptance {
  /** What a job of the batch goes on with. */
  traceOf(job: { readonly id: string; readonly plugin: string; readonly given: Given }): Given;
  /** `jobs`: the ids of those that are stored. */
  end(result: {
    readonly batchId?: string;
    readonly jobs?: readonly string[];
    readonly error?: unknown;
  }): void;
}

/** What a caller sent. */
type Given = TraceContext | null;

export interface StepSpan {
  /** What the plugin's own requests go on with. */
  readonly trace: TraceContext | null;
  end(result: StepResult | StepInterrupted): void;
}

export interface AttemptSpan {
  /** What the request's headers say. */
  readonly trace: TraceContext | null;
  end(answer: Answer): void;
}

export interface JobTraces {
  /** `dueAt`: when the job can begin. Null: at once. */
  accept(given: Given, job: { readonly plugin: string; readonly dueAt: number | null }): Acceptance;
  acceptBatch(given: Given, size: number): BatchAcceptance;
  /** A client retries a job that has failed. Its trace so far is linked. Null leaves the job its trace. */
  acceptRetry(given: Given, job: { readonly id: string; readonly trace: Given }): Given;
  /** Of a job that a schedule makes. */
  scheduled(job: { readonly id: string; readonly plugin: string }): Given;
  /** The job begins now for the first time. */
  began(job: RunningJob): void;
  step(job: RunningJob): StepSpan;
  attempt(delivery: ClaimedDelivery): AttemptSpan;
}

const NOTHING = { trace: null, end: () => undefined } as const;
const SYSTEM = { "messaging.system": "playground" };

export function createJobTraces(deps: {
  /** Null: nothing is recorded, and what callers send is passed on. */
  readonly tracer: Tracer | null;
  readonly policy: TracePolicy;
  readonly clock: Pick<Clock, "now">;
}): JobTraces {
  const { tracer, policy } = deps;
  if (policy === "off") return passOn(false);
  return tracer === null ? passOn(true) : record({ ...deps, tracer });
}

/** Of a daemon that records nothing. A job without a trace costs nothing. */
function passOn(isOn: boolean): JobTraces {
  const same = (given: Given): Given => (isOn ? given : null);
  const only = (trace: Given) =>
    trace === null || !isOn ? NOTHING : { trace, end: () => undefined };
  return {
    accept: only,
    acceptBatch: (batch) => ({
      traceOf: ({ given }) => same(given ?? batch),
      end: () => undefined,
    }),
    acceptRetry: same,
    scheduled: () => null,
    began: () => undefined,
    step: ({ trace = null }) => only(trace),
    attempt: ({ trace = null }) => only(trace),
  };
}

interface RecordDeps {
  readonly tracer: Tracer;
  readonly policy: TracePolicy;
  readonly clock: Pick<Clock, "now">;
}

function record(deps: RecordDeps): JobTraces {
  return { ...recordAccepted(deps), ...recordRuns(deps) };
}

/** The spans of requests. */
function recordAccepted({
  tracer,
  policy,
  clock,
}: RecordDeps): Omit<JobTraces, "attempt" | "began" | "step"> {
  function produce(
    operation: "create" | "retry" | "send",
    { parent, link = null, of, attributes = {} }: Produced,
  ): Span {
    return tracer.start({
      name: `${operation} ${of}`,
      kind: "producer",
      at: clock.now(),
      parent,
      link,
      attributes: {
        ...SYSTEM,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation === "create" ? "create" : "send",
        "messaging.destination.name": of,
        ...attributes,
      },
    });
  }

  function create(parent: Given, link: Given, job: { id: string; plugin: string }): Span {
    const attributes = { "messaging.message.id": job.id };
    return produce("create", { parent, link, of: job.plugin, attributes });
  }

  return {
    accept(given, { plugin, dueAt }) {
      const isLate = dueAt !== null && dueAt - clock.now() > LATE_MS;
      const isOwn = given !== null && (isLate || policy === "link");
      const own = isOwn ? produce("create", { parent: null, link: given, of: plugin }) : null;
      const span = own ?? produce("send", { parent: given, of: plugin });
      return {
        trace: span.context,
        end: ({ jobId, error }) => span.end(producedEnd("messaging.message.id", jobId, error)),
      };
    },
    acceptBatch(given, size) {
      const attributes = { "messaging.batch.message_count": size };
      const span = produce("send", { parent: given, of: "batch", attributes });
      const created = new Map<string, Span>();
      return {
        // A job with a traceparent of its own has a caller of its own.
        traceOf({ given: own, ...job }) {
          const isOwn = own === null || policy === "link";
          const link = isOwn ? (own ?? span.context) : span.context;
          const ofJob = create(isOwn ? null : own, link, job);
          created.set(job.id, ofJob);
          return ofJob.context;
        },
        end({ batchId, jobs = [], error }) {
          for (const id of jobs) created.get(id)?.end();
          span.end(producedEnd("playground.batch.id", batchId, error));
        },
      };
    },
    acceptRetry(given, { id, trace }) {
      const attributes = { "messaging.message.id": id };
      const isOwn = policy === "link";
      const parent = isOwn ? null : given;
      const link = trace ?? (isOwn ? given : null);
      const span = produce("retry", { parent, link, of: "job", attributes });
      span.end();
      return span.context;
    },
    scheduled(job) {
      const span = create(null, null, job);
      span.end();
      return span.context;
    },
  };
}

/** The spans of what follows. */
function recordRuns({ tracer, clock }: RecordDeps): Pick<JobTraces, "attempt" | "began" | "step"> {
  return {
    began(job) {
      if (job.trace === undefined) return;
      const now = clock.now();
      const plugin = currentPlugin(job);
      tracer
        .start({
          name: `wait ${plugin}`,
          kind: "internal",
          at: Math.min(Math.max(job.createdAt, job.runAt), now),
          parent: job.trace,
          attributes: { "messaging.message.id": job.id },
        })
        .end({ at: now });
    },
    step(job) {
      const at = clock.now();
      const { trace = null } = job;
      const isLate = isRepeated(job) && at - job.startedAt > LATE_MS;
      const plugin = currentPlugin(job);
      const span = tracer.start({
        name: `process ${plugin}`,
        kind: "consumer",
        at,
        ...inTrace(trace, isLate),
        attributes: {
          ...SYSTEM,
          "messaging.operation.name": "process",
          "messaging.operation.type": "process",
          "messaging.destination.name": plugin,
          "messaging.message.id": job.id,
          "playground.step": job.completedSteps.length,
          "playground.attempt": (job.failedAttempts?.count ?? 0) + 1,
        },
      });
      return { trace: span.context, end: (result) => span.end({ error: stepError(result) }) };
    },
    attempt(delivery) {
      const at = clock.now();
      const { trace = null, attempts, eventAt, kind } = delivery;
      const isLate = attempts > 0 && at - eventAt > LATE_MS;
      const span = tracer.start({
        name: "POST",
        kind: "client",
        at,
        ...inTrace(trace, isLate || kind === "batch"),
        attributes: requestAttributes(delivery),
      });
      return { trace: span.context, end: (answer) => span.end(answerEnd(answer)) };
    },
  };
}

interface Produced {
  readonly parent: Given;
  readonly link?: Given;
  /** The plugin, or what else is sent. There are few. */
  readonly of: string;
  readonly attributes?: Attributes;
}

function inTrace(trace: Given, isLinked: boolean): { parent: Given; link: Given } {
  return isLinked ? { parent: null, link: trace } : { parent: trace, link: null };
}

function producedEnd(name: string, id: string | undefined, error: unknown) {
  return {
    ...(error !== undefined && { error: error instanceof Refused ? error.code : "INTERNAL" }),
    ...(id !== undefined && { attributes: { [name]: id } }),
  };
}

function stepError(result: StepResult | StepInterrupted): string | undefined {
  if ("interrupted" in result) return "INTERRUPTED";
  return result.ok ? undefined : result.failure.code;
}

/** Without the path: with many receivers, whoever knows it can send to them. */
function requestAttributes({ id, target, attempts, kind, subjectId }: ClaimedDelivery): Attributes {
  const url = URL.parse(target.url);
  return {
    "http.request.method": "POST",
    ...(url !== null && {
      "server.address": url.hostname,
      "server.port": Number(url.port) || (url.protocol === "https:" ? 443 : 80),
      "url.scheme": url.protocol.slice(0, -1),
    }),
    ...(attempts > 0 && { "http.request.resend_count": attempts }),
    "messaging.message.id": subjectId,
    "playground.delivery.id": id,
    "playground.event": kind,
  };
}

function answerEnd(answer: Answer) {
  if (answer.kind === "failed") return { error: answer.code };
  return {
    ...(!isSuccess(answer) && { error: String(answer.status) }),
    attributes: { "http.response.status_code": answer.status },
  };
}

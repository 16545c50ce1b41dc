/** An engine, a store and a catalog that a test scripts, for cases that the real ones rarely produce. */
import { pino } from "pino";
import { expect } from "vitest";
import { createHttpServer, type HttpDeps, type HttpSettings } from "../../src/http/server.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { JobSignal, StepProgress } from "../../src/ports/job-signal.ts";
import type { SubmitRequest, WebhookTarget } from "../../src/engine/requests.ts";
import type { JobEvent } from "../../src/domain/event.ts";
import type { JobStatus } from "../../src/domain/job-spec.ts";
import { SCOPE_NAMES, type Scope } from "../../src/domain/scope.ts";
import type { Caller } from "../../src/ports/known-tokens.ts";
import { Problem } from "../../src/http/contract/problem.ts";
import { toJsonText } from "../../src/domain/json-text.ts";
import type { PluginInfo } from "../../src/ports/plugin-catalog.ts";
import { DEFAULT_TIMEOUT_MS } from "../../src/domain/webhook.ts";
import type { JobWebhook } from "../../src/ports/store/webhooks.ts";
import type { StoredJob } from "../../src/ports/store/jobs.ts";
import type { StoreReads } from "../../src/ports/store/store.ts";
import { systemClock } from "../../src/system/clock.ts";
import { createMetrics } from "../../src/system/metrics.ts";
import { createMemorySessions } from "./memory-sessions.ts";
import { createTestFeed } from "./test-feed.ts";

export const TOKEN = "scripted-token-0123456789";
/** Callers by their token: PLAYGROUND_TOKEN's, and one for each scope. */
const CALLERS: Readonly<Record<string, Caller>> = {
  [TOKEN]: { name: null, scope: "admin" },
  ...Object.fromEntries(
    SCOPE_NAMES.map((scope) => [`${scope}-token`, { name: `of-${scope}`, scope }]),
  ),
};
export const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

const CREATED_AT = Date.parse("2026-11-23T09:30:00.000Z");

const PLUGINS: readonly PluginInfo[] = [
  {
    name: "broken-one",
    source: "broken-one.ts",
    status: "broken",
    error: "SyntaxError: Unexpected token",
  },
  {
    name: "echo",
    source: "built-in",
    status: "ready",
    version: "1.0.0",
    description: "Returns its input.",
    inputSchema: { type: "object" },
    optionsSchema: null,
    outputSchema: null,
    example: { input: { text: "hello" } },
    timeoutMs: null,
    retry: null,
    limits: null,
    secrets: [],
    env: [],
    warnings: [],
  },
];

/** Leaves the headers unsealed: the tests check only what the routes do with them. */
function toStored({
  headers,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  secret: _secret,
  ...webhook
}: WebhookTarget): JobWebhook {
  const destination = { key: new URL(webhook.url).origin, ratePerSecond: null };
  return { id: "wh_1", ...webhook, timeoutMs, sealed: JSON.stringify(headers), destination };
}

/** For calls that are tested on the real engine instead. */
async function notScripted(): Promise<never> {
  throw new Error("This call is not scripted.");
}

export type Backend = ReturnType<typeof createBackend>;

/** What tests of sessions and tokens replace with the real parts. */
type Access = Pick<HttpDeps, "tokens" | "tokenList" | "sessions">;

export const NO_ACCESS: Omit<Access, "tokens"> = {
  tokenList: { list: async () => [], add: notScripted, remove: notScripted },
  sessions: { find: () => null, look: () => null, open: async () => null, close: async () => {} },
};

export function createBackend(
  settings: Partial<HttpSettings> = {},
  access: Partial<Access> = {},
  { pluginsElsewhere = [] }: { pluginsElsewhere?: readonly string[] } = {},
) {
  const jobs = new Map<string, StoredJob>();
  const events = new Map<string, JobEvent[]>();
  const listeners = new Map<string, Set<(signal: JobSignal) => void>>();
  const submitted: SubmitRequest[] = [];
  const logLines: string[] = [];
  const callers = new Map<string, Caller>(Object.entries(CALLERS));
  let submit: Engine["submit"] = async (request) => {
    submitted.push(request);
    return { jobId: addJob({ request }), replayed: false, joined: false };
  };
  const feed = createTestFeed();
  let progress: StepProgress | null = null;

  function addJob(
    given: { request?: Partial<SubmitRequest>; job?: Partial<StoredJob> } = {},
  ): string {
    const id = `job_${jobs.size + 1}`;
    const plugins = given.request?.plugins ?? [{ name: "echo", options: {} }];
    jobs.set(id, {
      spec: {
        id,
        name: given.request?.name ?? null,
        metadata: toJsonText(given.request?.metadata ?? {}),
        plugins: plugins.map(({ name, options }) => ({ name, options: toJsonText(options) })),
        input: toJsonText(given.request?.input),
        priority: given.request?.priority ?? 0,
        runAt: given.request?.runAt ?? CREATED_AT,
        timeoutMs: given.request?.timeoutMs ?? null,
        createdAt: CREATED_AT,
      },
      tags: given.request?.tags ?? [],
      payloadsRemovedAt: null,
      status: "queued",
      fence: 0,
      owner: null,
      sequence: 0,
      stepAttempts: 0,
      waitingFor: null,
      failedAttempts: 0,
      attempts: [],
      startedAt: null,
      endedAt: null,
      failure: null,
      steps: [],
      webhook: given.request?.webhook ? toStored(given.request.webhook) : null,
      ...given.job,
    });
    return id;
  }

  function signal(id: string, jobSignal: JobSignal): void {
    for (const listener of listeners.get(id) ?? []) listener(jobSignal);
  }

  /** Stores an event as the engine would and signals it. */
  function addEvent(id: string, kind: JobEvent["kind"], fields: object = {}): void {
    const job = jobs.get(id);
    if (job === undefined) throw new Error(`no job ${id}`);
    const sequence = job.sequence + 1;
    const status: JobStatus = kind === "completed" || kind === "failed" ? kind : "running";
    const body = toJsonText({ status: kind, jobId: id, sequence, ...fields });
    events.set(id, [...(events.get(id) ?? []), { kind, sequence, at: CREATED_AT, body }]);
    jobs.set(id, { ...job, status, sequence });
    signal(id, { kind: "changed", status });
  }

  const engine: Engine = {
    submit: (request) => submit(request),
    probeWebhook: async () => {},
    cancel: async () => {},
    retry: async () => {},
    traceUrl: () => null,
    async waitForEnd(id, { signal: until }) {
      const { promise, resolve } = Promise.withResolvers<void>();
      until.addEventListener("abort", () => resolve(), { once: true });
      const stop = engine.listen(id, (jobSignal) => {
        if (jobSignal.kind === "changed" && jobSignal.status !== "running") resolve();
      });
      await promise;
      stop();
    },
    listen(id, listener) {
      const set = listeners.get(id) ?? new Set();
      listeners.set(id, set.add(listener));
      return () => void set.delete(listener);
    },
    listenToAll: (listener) => feed.listen(listener),
    stepProgress: () => progress,
    checkBatchSize: () => {},
    submitBatch: notScripted,
    setBatchWebhook: notScripted,
    waitForBatch: notScripted,
    webhooks: {
      register: notScripted,
      get: notScripted,
      list: notScripted,
      update: notScripted,
      remove: notScripted,
      rotateSecret: notScripted,
    },
    testWebhook: notScripted,
    recoverWebhook: notScripted,
    recoverDestination: notScripted,
    holdOf: () => null,
    redeliver: notScripted,
    deleteJob: notScripted,
    bulkActs: { start: notScripted, abort: notScripted },
    explainWait: (waitingFor) =>
      waitingFor.kind === "retry"
        ? waitingFor.message
        : `Plugin "${waitingFor.on}" could not be loaded: for a test.`,
    pluginsElsewhere: () => pluginsElsewhere,
    files: {
      upload: notScripted,
      get: notScripted,
      remove: notScripted,
      read: notScripted,
      linked: {
        output: async (_jobId, output) => output,
        job: async (job) => job,
        batch: async (batch) => batch,
      },
      links: {
        url: (id) => `http://daemon.test/v1/files/${id}/content?sig=x`,
        problem: () => null,
      },
    },
    schedules: {
      save: notScripted,
      update: notScripted,
      preview: () => notScripted() as never,
      get: notScripted,
      run: notScripted,
      pause: notScripted,
      resume: notScripted,
      remove: notScripted,
      next: () => [],
      job: () => notScripted() as never,
    },
    tokens: null,
    sessions: createMemorySessions(),
    shownOf: ({ sealed }) => ({
      headerNames: Object.keys(JSON.parse(sealed ?? "{}") as object),
      verifyTls: true,
    }),
    limits: {
      list: notScripted,
      get: notScripted,
      override: notScripted,
      reset: notScripted,
      pause: notScripted,
      resume: notScripted,
    },
    secrets: {
      list: async () => [],
      set: notScripted,
      remove: notScripted,
      refresh: async () => {},
    },
    stats: {
      points: notScripted,
      lastDay: notScripted,
      plugins: notScripted,
      destinations: async () => new Map(),
    },
    threads: () => ({ total: 4, busy: 1 }),
    status: notScripted,
    relayState: () => ({ inFlight: 2, bytesInFlight: 300, openDestinations: 1 }),
    beat: async () => {},
    start: async () => {},
    stop: async () => {},
  };

  const reads: StoreReads = {
    job: async (id) => jobs.get(id) ?? null,
    jobValue: async (id, which) => {
      const job = jobs.get(id);
      return (which === "input" ? job?.spec.input : job?.steps[which]?.output) ?? null;
    },
    daemons: async () => [],
    jobs: async () => ({ items: [], nextCursor: null }),
    jobIds: async () => ({ items: [], nextCursor: null }),
    jobState: async (id) => {
      const job = jobs.get(id);
      return job === undefined ? null : { ...job };
    },
    positions: async () => [],
    errorGroups: async () => [],
    file: async () => null,
    files: async () => ({ items: [], nextCursor: null }),
    filesOfJob: async () => [],
    usedContents: async () => new Set(),
    fileUsage: async () => ({ files: 0, bytes: 0 }),
    bulkAct: async () => null,
    bulkActs: async () => ({ items: [], nextCursor: null }),
    runningBulkActs: async () => [],
    batches: async () => ({ items: [], nextCursor: null }),
    events: async (id, { after, limit }) =>
      (events.get(id) ?? []).filter((event) => event.sequence > after).slice(0, limit),
    logs: async () => [],
    deliveries: async () => ({ items: [], nextCursor: null }),
    delivery: async () => null,
    lastEndOf: async () => null,
    counts: async () => ({
      jobs: { queued: 3, running: 1, completed: 0, failed: 0 },
      deliveries: { waiting: 0, due: 2, delivered: 0, dead: 0 },
      webhooks: { active: 4, paused: 0, off: 1 },
      schedules: { active: 2, paused: 1, ended: 0 },
    }),
    webhook: async () => null,
    webhooks: async () => ({ items: [], nextCursor: null }),
    batch: async () => null,
    batchesToEnd: async () => [],
    destination: async () => null,
    destinationByKey: async () => null,
    destinations: async () => ({ items: [], nextCursor: null }),
    dueDestinations: async () => [],
    nextDestinationDue: async () => null,
    nextJobDue: async () => null,
    meta: async () => null,
    schedule: async () => null,
    schedules: async () => ({ items: [], nextCursor: null }),
    scheduleSlots: async () => ({ items: [], nextCursor: null }),
    openScheduleJobs: async () => [],
    schedulesToDecide: async () => [],
    nextScheduleDue: async () => null,
    failingSchedules: async () => [],
    limits: async () => [],
    limit: async () => null,
    secrets: async () => [],
    sealedSecrets: async () => [],
    sessions: async () => [],
    stats: async () => [],
    queueState: async () => ({ scheduled: 0, oldestReadyAt: null, waiting: [] }),
    heldDestinations: async () => [],
    size: async () => ({ bytes: 0, freeBytes: 0 }),
  };

  const notReady: string[] = [];
  const app = createHttpServer({
    engine,
    reads,
    catalog: {
      list: () => PLUGINS,
      get: (name) => PLUGINS.find((plugin) => plugin.name === name) ?? null,
      known: () => null,
      readyNames: () => [],
      recheck: async () => {},
      recheckSecrets: async () => {},
      onChange: () => () => {},
      checkInput: () => [],
      checkOptions: () => [],
    },
    metrics: createMetrics(),
    logger: pino({ level: "debug" }, { write: (line: string) => void logLines.push(line) }),
    tokens: { find: (given) => callers.get(given) ?? null },
    clock: systemClock,
    ...NO_ACCESS,
    ...access,
    settings: {
      requestTimeoutMs: 120_000,
      maxRequests: 100,
      maxWaits: 100,
      maxStreams: 100,
      bodyLimit: 1024 * 1024,
      host: "127.0.0.1",
      publicUrl: undefined,
      allowedHosts: [],
      consoleDir: new URL("file:///nowhere/"),
      given: [],
      sessionMs: 60_000,
      environment: undefined,
      trustedProxies: [],
      jobUrl: (id) => `http://127.0.0.1:8787/v1/jobs/${id}`,
      batchUrl: (id) => `http://127.0.0.1:8787/v1/batches/${id}`,
      ...settings,
    },
    notReady: () => notReady,
  });

  return {
    app,
    get: (url: string, headers: Record<string, string> = AUTHORIZED) =>
      app.inject({ url, headers }),
    submit: (payload: object | string, headers: Record<string, string> = {}) =>
      app.inject({
        method: "POST",
        url: "/v1/jobs",
        payload,
        headers: { ...AUTHORIZED, "content-type": "application/json", ...headers },
      }),
    reads,
    engine,
    submitted,
    logLines,
    notReady,
    addJob,
    addEvent,
    signal,
    feed,
    forgetToken: (token: string) => void callers.delete(token),
    changeScope: (token: string, scope: Scope) =>
      void callers.set(token, { name: "changed", scope }),
    listenerCount: (id: string) => listeners.get(id)?.size ?? 0,
    answerSubmitWith: (answer: Engine["submit"]) => void (submit = answer),
    setProgress: (given: StepProgress | null) => void (progress = given),
    change(id: string, change: Partial<StoredJob>): void {
      const job = jobs.get(id);
      if (job !== undefined) jobs.set(id, { ...job, ...change });
    },
  };
}

/** The response's problem, after a check of its content type and status. */
export function problemOf(answer: Awaited<ReturnType<Backend["get"]>>): Problem {
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  const problem = Problem.parse(answer.json());
  expect(problem.status).toBe(answer.statusCode);
  return problem;
}

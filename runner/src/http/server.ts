import Fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Logger } from "pino";
import { Refused, Transient } from "../domain/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { PluginCatalog } from "../ports/plugin-catalog.ts";
import type { StoreReads } from "../ports/store.ts";
import { asksForHtml } from "./asks-for-html.ts";
import { createAuth, type KnownTokens } from "./auth.ts";
import { PROBLEM_JSON } from "./contract/problem.ts";
import { toRefusal, type Refusal } from "./error-map.ts";
import { registerGate } from "./gate.ts";
import { createHostGuard, type HostSettings } from "./host-guard.ts";
import type { HttpMetrics } from "./http-metrics.ts";
import { registerJsonBody } from "./json-body.ts";
import { registerValidation } from "./mount.ts";
import { pathOf, registerNotFound } from "./not-found.ts";
import { sendPage } from "./pages/frame.ts";
import { renderTokenNeeded } from "./pages/token-needed.ts";
import { answerClientError, registerRawAnswers, registerUnreadTimeout } from "./raw-answers.ts";
import { registerBatches } from "./routes/batches.ts";
import { registerDaemon } from "./routes/daemon.ts";
import { registerDeliveries } from "./routes/deliveries.ts";
import { registerJobEvents } from "./routes/job-events.ts";
import { registerJobLogs } from "./routes/job-logs.ts";
import { registerJobs } from "./routes/jobs.ts";
import { registerPlugins } from "./routes/plugins.ts";
import { registerSubmitJob } from "./routes/submit-job.ts";
import { registerWebhooks } from "./routes/webhooks.ts";
import { registerWelcome } from "./routes/welcome.ts";
import { createWaits } from "./waits.ts";

/** For a request's headers to arrive, in ms, where a whole request may take longer. */
const HEADERS_TIMEOUT_MS = 60_000;
/** How often Node looks for requests that are out of time, in ms, where they may take longer. */
const LOOK_EVERY_MS = 5_000;
/** For a client to take any more of its answer, in ms, where a whole request may take longer. */
const UNREAD_TIMEOUT_MS = 30_000;
/** Node takes no longer one: an id of any length is looked for, and not found. */
const MAX_URL_LENGTH = 16 * 1024;
/** Of a path that no route takes, in characters. */
const MAX_PATH_LOGGED = 200;

declare module "fastify" {
  interface FastifyReply {
    /** Of the problem that it tells, for the log; null when it tells none. */
    problemCode: string | null;
  }
}

export interface HttpSettings extends HostSettings {
  /** For a whole request to arrive; a connection cannot be held open by sending slowly. */
  readonly requestTimeoutMs: number;
  /** Largest request body, in bytes. */
  readonly bodyLimit: number;
  /** Requests worked on at once; those that wait are not counted. */
  readonly maxRequests: number;
  /** Requests held at once for `Prefer: wait`. */
  readonly maxWaits: number;
  /** Event streams open at once. */
  readonly maxStreams: number;
  readonly jobUrl: (jobId: string) => string;
  readonly batchUrl: (batchId: string) => string;
}

export interface HttpDeps {
  readonly engine: Engine;
  readonly reads: StoreReads;
  readonly catalog: PluginCatalog;
  readonly metrics: HttpMetrics;
  readonly logger: Logger;
  readonly tokens: KnownTokens;
  readonly settings: HttpSettings;
  /** Why the daemon does not take work now, in sentences; empty when it does. */
  readonly notReady: () => readonly string[];
}

/** The HTTP API, not listening yet. Closing it ends event streams and answers those who wait. */
export function createHttpServer(deps: HttpDeps): FastifyInstance {
  const { engine, reads, catalog, logger, settings } = deps;
  const { requestTimeoutMs } = settings;
  const app = Fastify({
    // Fastify's own below a warning is where it listens, which the ready line says. Requests log in full.
    loggerInstance: logger.child({}, { level: atLeastWarn(logger) }),
    childLoggerFactory: (_own, bindings, options) => logger.child(bindings, options),
    // One line of our own per request, below; Fastify's would be two.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: settings.bodyLimit,
    routerOptions: { maxParamLength: MAX_URL_LENGTH },
    requestTimeout: requestTimeoutMs,
    http: {
      // Node's answer to a request without one has no body; raw-answers.ts gives it one.
      requireHostHeader: false,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, requestTimeoutMs),
    },
    // While closing, requests get the same answers as ever: the engine itself refuses new work.
    return503OnClosing: false,
    frameworkErrors: (error, { id }, reply) => void sendProblem(toRefusal(error, id), reply),
    clientErrorHandler: answerClientError,
  }) as unknown as FastifyInstance;
  const closing = new AbortController();
  app.addHook("preClose", async () => closing.abort());
  // What was answered while closing leaves an idle connection behind, which would hold up the close.
  app.addHook("onResponse", (_request, _reply, done) => {
    if (closing.signal.aborted) app.server.closeIdleConnections();
    done();
  });

  app.decorateRequest("tokenName", null);
  app.decorateRequest("isStillKnown", null);
  app.decorateReply("problemCode", null);
  registerRequestEnd(app, deps.metrics);
  registerRawAnswers(app);
  registerUnreadTimeout(app, Math.min(UNREAD_TIMEOUT_MS, requestTimeoutMs));
  registerJsonBody(app);
  registerValidation(app);
  registerErrors(app, { metrics: deps.metrics, bodyLimit: settings.bodyLimit });
  const authenticate = createAuth(deps.tokens);
  const checkAddressed = createHostGuard(settings);
  registerGate(app, {
    settings,
    metrics: deps.metrics,
    logger,
    authenticate(request, reply) {
      checkAddressed(request);
      authenticate(request, reply);
    },
  });
  // Before the routes: it listens to what is added.
  registerNotFound(app);

  const { jobUrl, batchUrl, maxStreams, maxWaits } = settings;
  const onRefused = (): void => deps.metrics.refused("waits");
  const waits = createWaits({ maxWaits, onRefused, closing: closing.signal });
  registerSubmitJob(app, { engine, reads, jobUrl, waits });
  registerJobs(app, { engine, reads, jobUrl });
  registerJobEvents(app, { engine, reads, maxStreams, closing: closing.signal });
  registerJobLogs(app, reads);
  registerBatches(app, { engine, reads, batchUrl, waits });
  registerPlugins(app, catalog);
  registerWebhooks(app, { engine, closing: closing.signal });
  registerDeliveries(app, { engine, reads });
  registerDaemon(app, deps);
  registerWelcome(app, deps);
  return app;
}

function atLeastWarn(logger: Logger): string {
  return logger.isLevelEnabled("info") ? "warn" : logger.level;
}

/** One line and one measurement per request. Of the URL the pattern is enough, and safe, where there is one. */
function registerRequestEnd(app: FastifyInstance, metrics: HttpMetrics): void {
  app.addHook("onResponse", (request, reply, done) => {
    const { method, tokenName, routeOptions } = request;
    const { statusCode: status, elapsedTime, problemCode } = reply;
    const route = routeOptions.url ?? "none";
    metrics.requestEnded({ method, route, status, durationMs: elapsedTime });
    if (request.isShed) return done();
    const fields = {
      method,
      route,
      ...(routeOptions.url === undefined && { path: pathOf(request).slice(0, MAX_PATH_LOGGED) }),
      status,
      ...(problemCode !== null && { code: problemCode }),
      durationMs: Math.round(elapsedTime),
      ...(tokenName !== null && { token: tokenName }),
    };
    request.log[status < 400 ? "debug" : "info"](fields, "http.answered");
    done();
  });
}

function registerErrors(
  app: FastifyInstance,
  { metrics, bodyLimit }: { metrics: HttpMetrics; bodyLimit: number },
): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = toRefusal(
      isBodyTooLarge(error) ? bodyTooLarge(request, bodyLimit) : error,
      request.id,
    );
    if (refusal.limit !== null) metrics.refused(refusal.limit);
    if (refusal.problem.status === 500 || error instanceof Transient)
      request.log.error({ err: error }, "http.failed");
    if (!(refusal.problem.code === "UNAUTHORIZED" && isForPeople(request))) {
      return sendProblem(refusal, reply);
    }
    reply.problemCode = refusal.problem.code;
    return sendPage(reply.code(401).header("vary", "accept"), renderTokenNeeded(pathOf(request)));
  });
}

/** Whether a browser opens a page: it asked its user for the token, and shows this answer if there was none. */
function isForPeople(request: FastifyRequest): boolean {
  return request.routeOptions.config.browser === true && asksForHtml(request);
}

function isBodyTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "FST_ERR_CTP_BODY_TOO_LARGE";
}

/** Fastify's own error tells neither size. */
function bodyTooLarge({ headers }: FastifyRequest, bodyLimit: number): Refused {
  const size = headers["content-length"] ?? `over ${bodyLimit}`;
  const others = "a file in the files folder, or a URL, for a plugin that takes these";
  const detail = `The request's body is ${size} bytes: it must be at most ${bodyLimit}. Larger inputs go by ${others}.`;
  return new Refused("BODY_TOO_LARGE", detail);
}

function sendProblem({ problem, retryAfterSeconds }: Refusal, reply: FastifyReply): FastifyReply {
  // Fastify closes after a body that it did not take, and a client that still sends it would get a
  // reset and lose this answer. Kept open, Node reads the rest and drops it.
  reply.removeHeader("connection");
  reply.problemCode = problem.code;
  if (retryAfterSeconds !== null) reply.header("retry-after", String(retryAfterSeconds));
  return reply
    .code(problem.status)
    .header("content-type", PROBLEM_JSON)
    .send(JSON.stringify(problem));
}

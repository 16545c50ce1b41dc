import Fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Logger } from "pino";
import { Transient } from "../domain/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { PluginCatalog } from "../ports/plugin-catalog.ts";
import type { StoreReads } from "../ports/store/store.ts";
import { asksForHtml } from "./asks-for-html.ts";
import { createAuth } from "./auth.ts";
import { basePathOf, createBasePathRemoval, registerBasePath } from "./base-path.ts";
import type { Clock } from "../ports/clock.ts";
import type { KnownTokens } from "../ports/known-tokens.ts";
import type { Sessions } from "../ports/sessions.ts";
import type { TokenList } from "../ports/token-list.ts";
import { PROBLEM_JSON } from "./contract/problem.ts";
import { toRefusal, type Refusal } from "./error-map.ts";
import { registerAdmission } from "./admission.ts";
import { registerDiscard } from "./discard-body.ts";
import { createHostGuard, type HostSettings } from "./host-guard.ts";
import type { HttpMetrics } from "../ports/http-metrics.ts";
import { registerJsonBody } from "./json-body.ts";
import { registerValidation } from "./mount.ts";
import { NOSNIFF, registerNosniff } from "./nosniff.ts";
import { pathOf, registerNotFound } from "./not-found.ts";
import {
  createClientErrorHandler,
  registerRawResponses,
  registerUnreadTimeout,
} from "./raw-responses.ts";
import { registerRequestLog, type RequestLog } from "./request-log.ts";
import { registerResponseBudget } from "./response-budget.ts";
import { registerBatches } from "./routes/batches.ts";
import { registerConsole } from "./routes/console.ts";
import { registerBulkActs } from "./routes/bulk-acts.ts";
import { registerDaemon } from "./routes/daemon.ts";
import { registerDeliveries } from "./routes/deliveries.ts";
import { registerDestinations } from "./routes/destinations.ts";
import { createLinkCheck, registerFiles } from "./routes/files.ts";
import { registerErrorGroups } from "./routes/error-groups.ts";
import { registerJobEvents } from "./routes/job-events.ts";
import { registerJobLogs } from "./routes/job-logs.ts";
import { registerJobs } from "./routes/jobs.ts";
import { registerLive } from "./routes/live.ts";
import { registerMcp } from "./routes/mcp.ts";
import { registerPlugins } from "./routes/plugins.ts";
import { registerSchedules } from "./routes/schedules.ts";
import { registerLimits } from "./routes/limits.ts";
import { registerSecrets } from "./routes/secrets.ts";
import { registerSession } from "./routes/session.ts";
import { registerSettings, type GivenSetting } from "./routes/settings.ts";
import { registerStatus } from "./routes/status.ts";
import { registerSubmitJob } from "./routes/submit-job.ts";
import { registerTokens } from "./routes/tokens.ts";
import { registerWebhooks } from "./routes/webhooks.ts";
import { createStreams } from "./streams.ts";
import { registerUnusedConnections } from "./unused-connections.ts";
import { createWaits } from "./waits.ts";

/** Time in which a request's headers must arrive, unless the request timeout is shorter. */
const HEADERS_TIMEOUT_MS = 60_000;
/** How often Node checks for timed-out requests, unless the request timeout is shorter. */
const TIMEOUT_CHECK_EVERY_MS = 5_000;
/** Node's own limit. So an id of any length that fits is looked up, and the response is a 404. */
const MAX_URL_LENGTH = 16 * 1024;

declare module "fastify" {
  interface FastifyReply {
    /** The code of the problem in the response, for the log. Null when the response is not a problem. */
    problemCode: string | null;
  }
}

export interface HttpSettings extends HostSettings {
  /** Time in which a whole request must arrive, so that a slow sender cannot keep a connection open. */
  readonly requestTimeoutMs: number;
  /** Largest request body, in bytes. */
  readonly bodyLimit: number;
  /** Most requests in flight. Requests that wait for a job or an event do not count. */
  readonly maxRequests: number;
  /** Most requests that wait because of `Prefer: wait`. */
  readonly maxWaits: number;
  /** Most open event streams. */
  readonly maxStreams: number;
  /** The folder of the built console. Its URL ends with a slash. */
  readonly consoleDir: URL;
  /** How long a login of a browser lasts, in ms. */
  readonly sessionMs: number;
  /** The environment's name, for the console. */
  readonly environment: string | undefined;
  /** Addresses and CIDRs of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** The settings that were given, for operators. */
  readonly given: readonly GivenSetting[];
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
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly tokenList: TokenList;
  readonly sessions: Sessions;
  readonly settings: HttpSettings;
  /** Returns why the daemon is not accepting work, in sentences. Empty when it is ready. */
  readonly notReady: () => readonly string[];
}

/** Creates the HTTP API without listening. Closing it ends event streams and `Prefer: wait`. */
export function createHttpServer(deps: HttpDeps): FastifyInstance {
  const { engine, reads, catalog, logger, settings } = deps;
  const { requestTimeoutMs } = settings;
  const basePath = basePathOf(settings.publicUrl);
  const app = Fastify({
    // Below `warn`, Fastify only logs its address, which the ready line contains. Request logs keep the level.
    loggerInstance: logger.child({}, { level: atLeastWarn(logger) }),
    childLoggerFactory: (_own, bindings, options) => logger.child(bindings, options),
    // registerRequestLog logs one line per request. Fastify would log two.
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: MAX_URL_LENGTH },
    // The daemon uses only `X-Forwarded-For`, as `request.ip`.
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    rewriteUrl: createBasePathRemoval(basePath),
    requestTimeout: requestTimeoutMs,
    http: {
      // Node's response to a missing Host header has no body. raw-responses.ts responds with a problem
      // instead.
      requireHostHeader: false,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_EVERY_MS, requestTimeoutMs),
    },
    // Requests during the close are handled as usual: the engine itself refuses new work.
    return503OnClosing: false,
    frameworkErrors: (error, { id: requestId }, reply) =>
      void sendProblem(toRefusal(error, { requestId, basePath }), reply),
    clientErrorHandler: createClientErrorHandler(basePath),
  }) as unknown as FastifyInstance;
  const closing = new AbortController();
  app.addHook("preClose", async () => closing.abort());
  registerUnusedConnections(app, closing.signal);
  // A request that ends during the close leaves an idle connection, which would delay the close.
  app.addHook("onResponse", (_request, _reply, done) => {
    if (closing.signal.aborted) app.server.closeIdleConnections();
    done();
  });

  app.decorateRequest("caller", null);
  app.decorateRequest("session", null);
  app.decorateRequest("isStillAllowed", null);
  app.decorateReply("problemCode", null);
  const requestLog = registerRequestLog(app, deps);
  registerNosniff(app);
  registerRawResponses(app, basePath);
  registerBasePath(app, basePath);
  registerResponseBudget(app);
  registerDiscard(app);
  registerUnreadTimeout(app, settings);
  registerJsonBody(app, settings);
  registerValidation(app);
  registerErrors(app, { metrics: deps.metrics, requestLog, basePath });
  const checkLink = createLinkCheck(engine.files.links);
  const authenticate = createAuth({ ...deps, checkLink });
  const checkAddressed = createHostGuard(settings);
  const requestsInFlight = registerAdmission(app, {
    settings,
    metrics: deps.metrics,
    logger,
    authenticate(request, reply) {
      checkAddressed(request);
      return authenticate(request, reply);
    },
  });
  // Must come before the routes, because it collects the routes that are added after it.
  registerNotFound(app);

  const { jobUrl, batchUrl, maxStreams, maxWaits } = settings;
  const streams = createStreams({ maxStreams, closing: closing.signal });
  const onRefused = (): void => deps.metrics.refused("waits");
  const waits = createWaits({ maxWaits, onRefused, closing: closing.signal });
  registerSubmitJob(app, { engine, reads, jobUrl, waits });
  registerJobs(app, { engine, reads, jobUrl, waits });
  registerJobEvents(app, { engine, reads, streams });
  registerLive(app, { engine, reads, streams, clock: deps.clock });
  registerJobLogs(app, reads);
  registerBatches(app, { engine, reads, batchUrl, waits, closing: closing.signal });
  registerSchedules(app, { engine, reads, jobUrl });
  registerFiles(app, { engine, reads, settings, closing: closing.signal });
  registerErrorGroups(app, reads);
  registerBulkActs(app, { engine, reads });
  registerPlugins(app, { engine, catalog });
  registerLimits(app, { engine });
  registerSecrets(app, { engine });
  registerMcp(app, { ...deps, jobUrl, waits, closing: closing.signal });
  registerWebhooks(app, { engine, closing: closing.signal });
  registerDeliveries(app, { engine, reads });
  registerDestinations(app, { engine, reads });
  registerSession(app, { ...deps, ...settings, basePath });
  registerTokens(app, deps);
  registerSettings(app, settings);
  registerStatus(app, {
    ...deps,
    limits: () => [
      { name: "requests", used: requestsInFlight(), max: settings.maxRequests },
      { name: "waits", used: waits.count(), max: maxWaits },
      { name: "streams", used: streams.count(), max: maxStreams },
    ],
  });
  registerDaemon(app, { ...deps, publicUrl: settings.publicUrl });
  registerConsole(app, { consoleDir: settings.consoleDir, basePath });
  return app;
}

function atLeastWarn(logger: Logger): string {
  return logger.isLevelEnabled("info") ? "warn" : logger.level;
}

function registerErrors(
  app: FastifyInstance,
  {
    metrics,
    requestLog,
    basePath,
  }: { metrics: HttpMetrics; requestLog: RequestLog; basePath: string },
): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = toRefusal(error, { requestId: request.id, basePath });
    if (refusal.limit !== null) metrics.refused(refusal.limit);
    if (refusal.problem.status === 500 || error instanceof Transient) {
      requestLog.logFailed(request, error);
    }
    if (refusal.problem.code !== "UNAUTHORIZED" || !isForPeople(request)) {
      return sendProblem(refusal, reply);
    }
    reply.problemCode = refusal.problem.code;
    return reply.header("vary", "accept").redirect(loginUrl(request), 303);
  });
}

/** Whether a browser opens a page. It is sent to the console to log in. */
function isForPeople(request: FastifyRequest): boolean {
  return request.routeOptions.config.isPage === true && asksForHtml(request);
}

/** The console opens the page after the login. */
function loginUrl(request: FastifyRequest): string {
  return `/#/login?next=${encodeURIComponent(pathOf(request).slice(1))}`;
}

function sendProblem({ problem, retryAfterSeconds }: Refusal, reply: FastifyReply): FastifyReply {
  // Fastify closes the connection after a refused body. discard-body.ts decides whether it must.
  reply.removeHeader("connection");
  reply.problemCode = problem.code;
  if (retryAfterSeconds !== null) reply.header("retry-after", String(retryAfterSeconds));
  return reply
    .code(problem.status)
    .headers(NOSNIFF)
    .header("content-type", PROBLEM_JSON)
    .send(JSON.stringify(problem));
}

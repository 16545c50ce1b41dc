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
import { basePathOf, registerBasePath } from "./base-path.ts";
import type { KnownTokens } from "../ports/known-tokens.ts";
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
import { sendPage } from "./pages/frame.ts";
import { renderTokenNeeded } from "./pages/token-needed.ts";
import {
  createClientErrorHandler,
  registerRawResponses,
  registerUnreadTimeout,
} from "./raw-responses.ts";
import { registerRequestLog, type RequestLog } from "./request-log.ts";
import { registerResponseBudget } from "./response-budget.ts";
import { registerBatches } from "./routes/batches.ts";
import { registerDaemon } from "./routes/daemon.ts";
import { registerDeliveries } from "./routes/deliveries.ts";
import { registerDestinations } from "./routes/destinations.ts";
import { registerJobEvents } from "./routes/job-events.ts";
import { registerJobLogs } from "./routes/job-logs.ts";
import { registerJobs } from "./routes/jobs.ts";
import { registerPlugins } from "./routes/plugins.ts";
import { registerSubmitJob } from "./routes/submit-job.ts";
import { registerWebhooks } from "./routes/webhooks.ts";
import { registerWelcome } from "./routes/welcome.ts";
import { createWaits } from "./waits.ts";

/** Time in which a request's headers must arrive, unless the request timeout is shorter. */
const HEADERS_TIMEOUT_MS = 60_000;
/** How often Node checks for timed-out requests, unless the request timeout is shorter. */
const TIMEOUT_CHECK_EVERY_MS = 5_000;
/** How long a client can leave its response unread, unless the request timeout is shorter. */
const UNREAD_TIMEOUT_MS = 30_000;
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
  // A request that ends during the close leaves an idle connection, which would delay the close.
  app.addHook("onResponse", (_request, _reply, done) => {
    if (closing.signal.aborted) app.server.closeIdleConnections();
    done();
  });

  app.decorateRequest("tokenName", null);
  app.decorateRequest("isStillAllowed", null);
  app.decorateReply("problemCode", null);
  const requestLog = registerRequestLog(app, deps);
  registerNosniff(app);
  registerRawResponses(app, basePath);
  registerBasePath(app, basePath);
  registerResponseBudget(app);
  registerDiscard(app);
  registerUnreadTimeout(app, Math.min(UNREAD_TIMEOUT_MS, requestTimeoutMs));
  registerJsonBody(app, settings);
  registerValidation(app);
  registerErrors(app, { metrics: deps.metrics, requestLog, basePath });
  const authenticate = createAuth(deps.tokens);
  const checkAddressed = createHostGuard(settings);
  registerAdmission(app, {
    settings,
    metrics: deps.metrics,
    logger,
    authenticate(request, reply) {
      checkAddressed(request);
      authenticate(request, reply);
    },
  });
  // Must come before the routes, because it collects the routes that are added after it.
  registerNotFound(app);

  const { jobUrl, batchUrl, maxStreams, maxWaits } = settings;
  const onRefused = (): void => deps.metrics.refused("waits");
  const waits = createWaits({ maxWaits, onRefused, closing: closing.signal });
  registerSubmitJob(app, { engine, reads, jobUrl, waits });
  registerJobs(app, { engine, reads, jobUrl, waits });
  registerJobEvents(app, { engine, reads, maxStreams, closing: closing.signal });
  registerJobLogs(app, reads);
  registerBatches(app, { engine, reads, batchUrl, waits });
  registerPlugins(app, catalog);
  registerWebhooks(app, { engine, closing: closing.signal });
  registerDeliveries(app, { engine, reads });
  registerDestinations(app, { engine, reads });
  registerDaemon(app, { ...deps, publicUrl: settings.publicUrl });
  registerWelcome(app, deps);
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
    if (!(refusal.problem.code === "UNAUTHORIZED" && isForPeople(request))) {
      return sendProblem(refusal, reply);
    }
    reply.problemCode = refusal.problem.code;
    return sendPage(reply.code(401).header("vary", "accept"), renderTokenNeeded(pathOf(request)));
  });
}

/**
 * Whether a browser opens a page. It prompts for the token, and shows this response if the user
 * enters none.
 */
function isForPeople(request: FastifyRequest): boolean {
  return request.routeOptions.config.isPage === true && asksForHtml(request);
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

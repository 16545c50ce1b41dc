import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { HttpMetrics } from "../ports/http-metrics.ts";
import { pathOf } from "./not-found.ts";

/** Characters of a path without a route that are logged. */
const MAX_PATH_LOGGED = 200;
/** How often the log sums up the requests without a line of their own. */
const SUM_UP_EVERY_MS = 60_000;
/** Lines in that time for refused requests with a known token, and again for failed ones. */
const MAX_LINES = 60;
/** Addresses that are counted in that time. */
const MAX_ADDRESSES = 1_000;

interface Deps {
  readonly metrics: Pick<HttpMetrics, "requestEnded">;
  readonly logger: Pick<Logger, "info">;
}

export interface RequestLog {
  /** Logs an error that the client cannot fix. */
  logFailed(request: FastifyRequest, error: unknown): void;
}

/**
 * Whether a person probably did it: a change from the console, or of webhooks, tokens and sessions.
 * Programs that submit and cancel jobs would fill the log.
 */
function isAct({ method, session, routeOptions }: FastifyRequest): boolean {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return false;
  const { access } = routeOptions.config;
  return session !== null || access === "admin" || access === "open";
}

/** Who did what to which object. The token is null for the daemon's own one. */
function describeAct({ caller, session, params, ip }: FastifyRequest) {
  return { token: caller?.name ?? null, session: session !== null, params, address: ip };
}

/**
 * Logs and measures each request. Uses the route's pattern instead of the URL, which can contain secrets.
 *
 * A refused request has a line at `info` only if its token is known, and at most `MAX_LINES` do in a
 * minute. One line a minute counts the others, so that no client decides how much is logged.
 */
export function registerRequestLog(app: FastifyInstance, { metrics, logger }: Deps): RequestLog {
  let requests = 0;
  let failuresLogged = 0;
  let refusalsLogged = 0;
  const codes = new Map<string, number>();
  const addresses = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  function sumUp(): void {
    timer = undefined;
    failuresLogged = 0;
    refusalsLogged = 0;
    if (requests === 0) return;
    const [address, ofAddress] = [...addresses].reduce((a, b) => (b[1] > a[1] ? b : a));
    const fields = { requests, codes: Object.fromEntries(codes), address, ofAddress };
    logger.info(fields, "http.refused");
    requests = 0;
    codes.clear();
    addresses.clear();
  }
  app.addHook("onClose", (_app, done) => {
    clearTimeout(timer);
    sumUp();
    done();
  });

  function sumUpLater(): void {
    timer ??= setTimeout(sumUp, SUM_UP_EVERY_MS).unref();
  }

  function count(address: string, code: string): void {
    sumUpLater();
    requests += 1;
    codes.set(code, (codes.get(code) ?? 0) + 1);
    const before = addresses.get(address);
    if (before !== undefined || addresses.size < MAX_ADDRESSES) {
      addresses.set(address, (before ?? 0) + 1);
    }
  }

  function isToBeLogged({ caller }: FastifyRequest): boolean {
    if (caller === null) return false;
    sumUpLater();
    refusalsLogged += 1;
    return refusalsLogged <= MAX_LINES;
  }

  app.addHook("onResponse", (request, reply, done) => {
    const { method, caller, routeOptions } = request;
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
      ...(caller !== null && caller.name !== null && { token: caller.name }),
      ...(isAct(request) && status < 400 && describeAct(request)),
    };
    const isInfo = status >= 400 ? isToBeLogged(request) : isAct(request);
    if (status >= 400 && !isInfo) count(request.ip, problemCode ?? String(status));
    request.log[isInfo ? "info" : "debug"](fields, "http.answered");
    done();
  });

  return {
    logFailed(request, error) {
      sumUpLater();
      failuresLogged += 1;
      if (failuresLogged <= MAX_LINES) request.log.error({ err: error }, "http.failed");
    },
  };
}

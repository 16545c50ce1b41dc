import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { Refused } from "../domain/errors.ts";
import { basePathOf } from "./base-path.ts";
import { createBodyBudget } from "./body-budget.ts";
import { PROBLEM_JSON } from "./contract/problem.ts";
import { toRefusal } from "./error-map.ts";
import { leavesLargeRest } from "./discard-body.ts";
import type { HttpMetrics } from "../ports/http-metrics.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Frees the request's slot, because it has its response or starts to wait. Null without a slot. */
    releaseSlot: (() => void) | null;
    /** Takes a slot again after a wait, in the order of the calls. Null for routes that need no slot. */
    reacquireSlot: (() => Promise<void>) | null;
    /**
     * Counts bytes that the request's body occupies in memory. They are freed with the slot. Throws
     * `Refused`: OVERLOADED.
     */
    holdBytes: (bytes: number) => void;
    /** What `holdBytes` has counted. */
    heldBytes: number;
    /** True when the handler has finished and only the response is left to send. */
    isAnswered: boolean;
    /** True when the request was refused because no slot was free. */
    isShed: boolean;
  }
  interface FastifyContextConfig {
    /** Whether the body goes to the disk as it arrives, so that it occupies no memory. */
    isRawBody?: boolean;
  }
}

/** How often the log reports shed requests: a line for each one would add to the load. */
const LOG_SHED_EVERY_MS = 1_000;

interface AdmissionDeps {
  readonly settings: {
    readonly maxRequests: number;
    readonly bodyLimit: number;
    readonly publicUrl: string | undefined;
  };
  readonly metrics: Pick<HttpMetrics, "refused">;
  readonly logger: Pick<Logger, "warn">;
  /**
   * Runs before a request gets a slot. Throws or rejects when the request is not allowed. Null if there is
   * nothing to wait for.
   */
  readonly authenticate: (request: FastifyRequest, reply: FastifyReply) => Promise<void> | null;
}

/**
 * Admission control: limits how many requests are in flight and sheds the others before any work is
 * done for them. So admitted requests stay fast. Health checks need no slot and are always admitted.
 * Returns a function that counts the requests in flight.
 */
export function registerAdmission(app: FastifyInstance, deps: AdmissionDeps): () => number {
  const { maxRequests, bodyLimit } = deps.settings;
  let inFlight = 0;
  const budget = createBodyBudget();
  const waiters: (() => void)[] = [];

  function admit(request: FastifyRequest): void {
    inFlight += 1;
    request.releaseSlot = () => {
      request.releaseSlot = null;
      inFlight -= 1;
      budget.free(request.heldBytes);
      request.heldBytes = 0;
      waiters.shift()?.();
    };
  }

  app.decorateRequest("releaseSlot", null);
  app.decorateRequest("reacquireSlot", null);
  app.decorateRequest("heldBytes", 0);
  app.decorateRequest("holdBytes", function holdBytes(this: FastifyRequest, bytes: number) {
    // Nothing would free the bytes of a request that has had its response.
    if (this.releaseSlot === null) return;
    budget.take(this.heldBytes, bytes);
    this.heldBytes += bytes;
  });
  app.decorateRequest("isAnswered", false);
  app.decorateRequest("isShed", false);
  const shed = createShedder(app, deps);
  app.addHook("onRequest", (request, reply, done) => {
    const isOpen = request.routeOptions.config.access === "open";
    if (!isOpen && inFlight >= maxRequests) return shed(request, reply);
    const authenticating = deps.authenticate(request, reply);
    if (isOpen) return done();
    if (authenticating === null) {
      enter(request, reply);
      return done();
    }
    // Others can have taken the slots during the wait: it is a browser's request, and rare.
    authenticating.then(() => {
      // Nothing would free the slot of a client that has gone.
      if (reply.raw.destroyed) return;
      try {
        enter(request, reply);
      } catch (error) {
        return done(error as Error);
      }
      done();
    }, done);
  });
  function enter(request: FastifyRequest, reply: FastifyReply): void {
    budget.check(0, declaredBytes(request, bodyLimit));
    admit(request);
    function admitAgain(): void {
      admit(request);
      // A stream that was closed during the wait has no hook left that would free the slot.
      if (request.isAnswered && reply.raw.destroyed) request.releaseSlot?.();
    }
    request.reacquireSlot = async () => {
      if (inFlight < maxRequests) return admitAgain();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiters.push(() => {
        admitAgain();
        resolve();
      });
      return promise;
    };
    // `onResponse` does not run when the client disconnects before the response is sent.
    reply.raw.once("close", () => {
      if (request.isAnswered) request.releaseSlot?.();
    });
  }
  // When a client disconnects, its work goes on and keeps the slot until it is done.
  app.addHook("onSend", (...[request, reply, payload, done]) => {
    request.isAnswered = true;
    if (reply.raw.destroyed) request.releaseSlot?.();
    done(null, payload);
  });
  return () => inFlight;
}

/**
 * Sheds with a response that is built once and bypasses Fastify's error handling. Measured at three
 * times the load that fits: Fastify's way took twice as long and used most of the main thread.
 */
function createShedder(app: FastifyInstance, { settings, metrics, logger }: AdmissionDeps) {
  const { maxRequests, publicUrl } = settings;
  const { problem, retryAfterSeconds } = toRefusal(
    new Refused("OVERLOADED", `${maxRequests} requests are in flight, which is the limit.`),
    { requestId: "", basePath: basePathOf(publicUrl) },
  );
  const body = Buffer.from(JSON.stringify(problem));
  const head = {
    "content-type": PROBLEM_JSON,
    "content-length": body.length,
    "retry-after": String(retryAfterSeconds),
  };
  let requests = 0;
  let logTimer: NodeJS.Timeout | undefined;

  function logShed(): void {
    logger.warn({ requests, status: problem.status, code: problem.code }, "http.shed");
    requests = 0;
    logTimer = undefined;
  }
  app.addHook("onClose", (_app, done) => {
    clearTimeout(logTimer);
    if (logTimer !== undefined) logShed();
    done();
  });

  return (request: FastifyRequest, reply: FastifyReply): void => {
    metrics.refused("requests");
    request.isShed = true;
    requests += 1;
    logTimer ??= setTimeout(logShed, LOG_SHED_EVERY_MS).unref();
    reply.hijack();
    if (leavesLargeRest(request.raw)) reply.raw.setHeader("connection", "close");
    reply.raw.writeHead(problem.status, head).end(body);
  };
}

/** A body that will not fit is refused unread. One over the body limit gets a 413 instead. */
function declaredBytes(request: FastifyRequest, bodyLimit: number): number {
  const { headers, method, routeOptions } = request;
  if (method === "GET" || method === "HEAD" || routeOptions.config.isRawBody) return 0;
  const length = Number(headers["content-length"] ?? 0);
  return length > bodyLimit ? 0 : length;
}

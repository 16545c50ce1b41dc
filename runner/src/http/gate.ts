import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { Refused } from "../domain/errors.ts";
import { PROBLEM_JSON } from "./contract/problem.ts";
import { toRefusal } from "./error-map.ts";
import type { HttpMetrics } from "../ports/http-metrics.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Makes room for another request: this one is answered, or waits for something to happen. */
    leave: (() => void) | null;
    /** After it left: takes a place again, when it is its turn. Null where none is needed. */
    reacquire: (() => Promise<void>) | null;
    /** Whether nothing is done for it any more but to send what there is. */
    isAnswered: boolean;
    /** Whether it was refused for want of a place. */
    isShed: boolean;
  }
}

/**
 * Bodies of the requests inside, in bytes: each is in memory more than once, as bytes, text and
 * value, and 200 requests of 16 MiB would be 3 GiB of the first alone.
 */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** How often the log tells of requests that were shed: a line for each would be another load. */
const TELL_EVERY_MS = 1_000;

interface GateDeps {
  readonly settings: { readonly maxRequests: number; readonly bodyLimit: number };
  readonly metrics: Pick<HttpMetrics, "refused">;
  readonly logger: Pick<Logger, "warn">;
  /** Refuses whoever may do nothing, before it takes a place. */
  readonly authenticate: (request: FastifyRequest, reply: FastifyReply) => void;
}

/**
 * Lets so many requests be worked on at once and refuses the others before anything is done for
 * them, so that what is taken is quick and health checks, which pass, are answered.
 */
export function registerGate(app: FastifyInstance, deps: GateDeps): void {
  const { maxRequests, bodyLimit } = deps.settings;
  let inside = 0;
  let bytesInside = 0;
  const turns: (() => void)[] = [];

  function enter(request: FastifyRequest, bytes: number): void {
    inside += 1;
    bytesInside += bytes;
    request.leave = () => {
      request.leave = null;
      inside -= 1;
      bytesInside -= bytes;
      turns.shift()?.();
    };
  }

  app.decorateRequest("leave", null);
  app.decorateRequest("reacquire", null);
  app.decorateRequest("isAnswered", false);
  app.decorateRequest("isShed", false);
  const shed = createShedder(app, deps);
  app.addHook("onRequest", (request, reply, done) => {
    const isOpen = request.routeOptions.config.access === "open";
    if (!isOpen && inside >= maxRequests) return shed(request, reply);
    deps.authenticate(request, reply);
    if (isOpen) return done();
    const bytes = bodyBytes(request, bodyLimit);
    if (bytesInside + bytes > MAX_BODY_BYTES) {
      const detail = `The requests being worked on have bodies of ${bytesInside} bytes, and with this one's ${bytes} would have more than ${MAX_BODY_BYTES}.`;
      return done(new Refused("OVERLOADED", detail, { isAdjustable: false }));
    }
    enter(request, bytes);
    request.reacquire = async () => {
      if (inside < maxRequests) return enter(request, 0);
      const { promise, resolve } = Promise.withResolvers<void>();
      turns.push(() => {
        enter(request, 0);
        resolve();
      });
      return promise;
    };
    // Not `onResponse`, which tells of answers that were sent, and not of clients that hung up before.
    reply.raw.once("close", () => {
      if (request.isAnswered) request.leave?.();
    });
    done();
  });
  // A client that has gone leaves its work behind, which keeps its place until it is done.
  app.addHook("onSend", (...[request, reply, payload, done]) => {
    request.isAnswered = true;
    if (reply.raw.destroyed) request.leave?.();
    done(null, payload);
  });
}

/**
 * Refuses with an answer that was made once, past Fastify's way with errors: under three times the
 * load there is room for, that took twice as long, and refusing took most of the main thread.
 */
function createShedder(app: FastifyInstance, { settings, metrics, logger }: GateDeps) {
  const { maxRequests } = settings;
  const { problem, retryAfterSeconds } = toRefusal(
    new Refused("OVERLOADED", `${maxRequests} requests are being worked on, and no more may be.`),
    "",
  );
  const body = Buffer.from(JSON.stringify(problem));
  const head = {
    "content-type": PROBLEM_JSON,
    "content-length": body.length,
    "retry-after": String(retryAfterSeconds),
  };
  let requests = 0;
  let telling: NodeJS.Timeout | undefined;

  function tell(): void {
    logger.warn({ requests, status: problem.status, code: problem.code }, "http.shed");
    requests = 0;
    telling = undefined;
  }
  app.addHook("onClose", (_app, done) => {
    clearTimeout(telling);
    if (telling !== undefined) tell();
    done();
  });

  return (request: FastifyRequest, reply: FastifyReply): void => {
    metrics.refused("requests");
    request.isShed = true;
    requests += 1;
    telling ??= setTimeout(tell, TELL_EVERY_MS).unref();
    reply.hijack();
    reply.raw.writeHead(problem.status, head).end(body);
  };
}

/** What of a body may come to be in memory; one that says it is too large is refused unread. */
function bodyBytes({ headers, method }: FastifyRequest, bodyLimit: number): number {
  if (method === "GET" || method === "HEAD") return 0;
  if (headers["transfer-encoding"] !== undefined) return bodyLimit;
  const length = Number(headers["content-length"] ?? 0);
  return length > bodyLimit ? 0 : length;
}

import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Makes room for another request: this one is answered, or waits for something to happen. */
    leave: (() => void) | null;
    /** After it left: takes a place again, when it is its turn. Null where none is needed. */
    comeBack: (() => Promise<void>) | null;
    /** Whether nothing is done for it any more but to send what there is. */
    isAnswered: boolean;
  }
}

/**
 * Bodies of the requests inside, in bytes: each is in memory more than once, as bytes, text and
 * value, and 200 requests of 16 MiB would be 3 GiB of the first alone.
 */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

interface GateSettings {
  readonly maxRequests: number;
  readonly bodyLimit: number;
}

/**
 * Lets so many requests be worked on at once and refuses the others before anything is done for
 * them, so that what is taken is quick and health checks, which pass, are answered.
 */
export function registerGate(app: FastifyInstance, settings: GateSettings): void {
  const { maxRequests, bodyLimit } = settings;
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
  app.decorateRequest("comeBack", null);
  app.decorateRequest("isAnswered", false);
  app.addHook("onRequest", (request, reply, done) => {
    if (request.routeOptions.config.access === "open") return done();
    const bytes = bodyBytes(request, bodyLimit);
    if (inside >= maxRequests) {
      return done(
        new Refused("OVERLOADED", `${inside} requests are being worked on, and no more may be.`),
      );
    }
    if (bytesInside + bytes > MAX_BODY_BYTES) {
      const detail = `The requests being worked on have bodies of ${bytesInside} bytes, and with this one's ${bytes} would have more than ${MAX_BODY_BYTES}.`;
      return done(new Refused("OVERLOADED", detail, { isAdjustable: false }));
    }
    enter(request, bytes);
    request.comeBack = async () => {
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

/** What of a body may come to be in memory; one that says it is too large is refused unread. */
function bodyBytes({ headers, method }: FastifyRequest, bodyLimit: number): number {
  if (method === "GET" || method === "HEAD") return 0;
  if (headers["transfer-encoding"] !== undefined) return bodyLimit;
  const length = Number(headers["content-length"] ?? 0);
  return length > bodyLimit ? 0 : length;
}

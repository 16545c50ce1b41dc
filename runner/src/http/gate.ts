import type { FastifyInstance } from "fastify";
import { Refused } from "../domain/errors.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Makes room for another request: this one is answered, or waits for something to happen. */
    leave: (() => void) | null;
  }
}

/**
 * Lets so many requests be worked on at once and refuses the others before anything is done for
 * them, so that what is taken is quick and health checks, which pass, are answered.
 */
export function registerGate(app: FastifyInstance, maxRequests: number): void {
  let inside = 0;
  app.decorateRequest("leave", null);
  app.addHook("onRequest", (request, reply, done) => {
    if (request.routeOptions.config.access === "open") return done();
    if (inside >= maxRequests) {
      return done(
        new Refused("OVERLOADED", `${inside} requests are being worked on, and no more may be.`),
      );
    }
    inside += 1;
    request.leave = () => {
      request.leave = null;
      inside -= 1;
    };
    // Fastify's `onResponse` tells of answers that were sent, and not of clients that hung up before.
    reply.raw.once("close", () => request.leave?.());
    done();
  });
}

import type { FastifyInstance } from "fastify";

/** So that no browser takes a plugin's output or a log for a page or a script. */
export const NOSNIFF = { "x-content-type-options": "nosniff" } as const;

/** Sets the header at the raw response, because shed requests and event streams bypass Fastify's reply. */
export function registerNosniff(app: FastifyInstance): void {
  app.addHook("onRequest", (_request, reply, done) => {
    reply.raw.setHeaders(new Map(Object.entries(NOSNIFF)));
    done();
  });
}

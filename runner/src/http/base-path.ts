import type { FastifyInstance } from "fastify";

/**
 * The path in the public URL, without a slash at its end: a proxy removes it before a request reaches
 * the daemon, so responses must add it. It is "" without a public URL.
 */
export function basePathOf(publicUrl: string | undefined): string {
  return publicUrl === undefined ? "" : new URL(publicUrl).pathname.replace(/\/+$/, "");
}

/** Adds the base path to the `Location` header of every response. The routes write it without one. */
export function registerBasePath(app: FastifyInstance, basePath: string): void {
  if (basePath === "") return;
  app.addHook("onSend", (...[, reply, payload, done]) => {
    const location = reply.getHeader("location");
    if (typeof location === "string" && location.startsWith("/")) {
      reply.header("location", `${basePath}${location}`);
    }
    done(null, payload);
  });
}

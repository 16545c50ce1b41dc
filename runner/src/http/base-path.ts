import type { FastifyInstance } from "fastify";
import type { IncomingMessage } from "node:http";
import { ROUTES } from "./contract/routes.ts";

/**
 * The path in the public URL, without a slash at its end. Responses must add it. It is "" without a
 * public URL.
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

/**
 * Returns what a request's URL is without the base path, which some proxies remove and others keep.
 * A base path that begins like a route, such as `/v1`, stays, because it can be the route's own.
 */
export function createBasePathRemoval(
  basePath: string,
): (request: Pick<IncomingMessage, "url">) => string {
  const [, first] = basePath.split("/");
  const isRoute = ROUTES.some(({ path }) => path.split("/")[1] === first);
  const prefix = `${basePath}/`;
  if (basePath === "" || isRoute) return ({ url = "/" }) => url;
  return ({ url = "/" }) => (url.startsWith(prefix) ? url.slice(basePath.length) : url);
}

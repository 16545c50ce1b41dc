import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";

/**
 * Responds to requests without a route: OPTIONS, 405 with `Allow` for a known path, otherwise 404.
 * Fastify would first read and parse the body.
 */
export function registerNotFound(app: FastifyInstance): void {
  const methodsByPath = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method, constraints }) => {
    // Skips routes with a constraint: they do not exist for every client.
    if (constraints !== undefined) return;
    const methods = methodsByPath.get(url) ?? new Set(["OPTIONS"]);
    for (const one of [method].flat()) methods.add(one);
    methodsByPath.set(url, methods);
  });

  function allowedAt(path: string): readonly string[] {
    for (const [pattern, methods] of methodsByPath) {
      if (matches(pattern, path)) return [...methods].toSorted();
    }
    return [];
  }

  app.addHook("onRequest", (request, reply, done) => {
    if (!request.is404) return done();
    const { method } = request;
    const path = pathOf(request);
    const allowed = allowedAt(path);
    if (allowed.length === 0) {
      throw new Refused(
        "ROUTE_NOT_FOUND",
        `There is no route ${method} ${path}. /docs lists the routes.`,
      );
    }
    reply.header("allow", allowed.join(", "));
    if (method === "OPTIONS") return void reply.code(204).send();
    throw new Refused(
      "METHOD_NOT_ALLOWED",
      `${path} does not support ${method}. It supports ${allowed.join(", ")}.`,
    );
  });
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((part, at) => (part.startsWith(":") ? given[at] !== "" : part === given[at]))
  );
}

export function pathOf({ url }: FastifyRequest): string {
  return url.split("?", 1)[0] ?? "";
}

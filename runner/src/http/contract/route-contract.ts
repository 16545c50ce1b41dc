import type { z } from "zod";
import type { RefusalCode } from "../../domain/errors.ts";
import type { Scope } from "../../domain/scope.ts";

export const TAGS = {
  jobs: "Run plugins and follow their progress and results.",
  batches: "Run many jobs with one request and get one callback when all of them have ended.",
  schedules: "Make jobs at given times, and see what became of each time.",
  files: "Upload files for jobs, and download what plugins wrote.",
  plugins: "List the plugins that jobs can run.",
  limits: "See how limits of plugins are used, override them, and pause them.",
  secrets: "Set and remove secrets of plugins. Nobody can read them.",
  mcp: "Offer plugins as tools to language models.",
  webhooks: "Register URLs that receive the events of many jobs.",
  deliveries: "Inspect the deliveries of events to webhooks, and send them again.",
  destinations: "See where events go and what holds them up, and send failed ones again.",
  access: "Log in browsers, and manage tokens.",
  daemon: "Check the daemon's health, read its metrics and get this document.",
} as const;

/** A response that is not an error. Without a schema it has no JSON body. */
export interface ResponseContract {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Bodies that are not JSON: a description for each media type. */
  readonly otherBodies?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HeaderContract {
  readonly description: string;
  readonly example: string;
}

/**
 * Everything that is public about one route. Fastify validates with it, handlers get their types
 * from it, and the OpenAPI document is built from it, so the three always agree.
 */
export interface RouteContract {
  readonly operationId: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Contains `:name` for each parameter. */
  readonly path: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description?: string;
  /** The scope that the token must have. An `open` route needs no token. */
  readonly access: Scope | "open";
  /** Whether a signed link is good in place of a token. */
  readonly isSigned?: boolean;
  /** The largest body, in bytes, if it is smaller than that of other routes. */
  readonly maxBodyBytes?: number;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly headers?: Readonly<Record<string, HeaderContract>>;
  readonly body?: z.ZodType;
  /** What a body of any media type is, if the route takes one and reads it itself. */
  readonly rawBody?: string;
  readonly responses: Readonly<Record<number, ResponseContract>>;
  /** Refusals in addition to those that every route can respond with. */
  readonly refusals: readonly RefusalCode[];
}

export function defineRoute<const C extends RouteContract>(contract: C): C {
  return contract;
}

import type { z } from "zod";
import type { RefusalCode } from "../../domain/errors.ts";
import type { Scope } from "../../domain/scope.ts";

export const TAGS = {
  jobs: "Run plugins, and see what became of it.",
  batches: "Many jobs in one request, with one callback.",
  plugins: "What can be run.",
  webhooks: "Places that the events of many jobs go to.",
  deliveries: "Events on their way to webhooks, with every attempt.",
  daemon: "Health, metrics and this document.",
} as const;

/** An answer that is not an error. Without a schema it has no JSON body. */
export interface AnswerContract {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Other bodies than JSON, by media type, with a description of what is in them. */
  readonly otherBodies?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HeaderContract {
  readonly description: string;
  readonly example: string;
}

/**
 * All that is public about one route. Fastify validates with it, handlers get their types from it,
 * and the OpenAPI document is made of it, so that the three cannot differ.
 */
export interface RouteContract {
  readonly operationId: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `:name` for parameters. */
  readonly path: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description?: string;
  /** The scope that the token must have; `open` needs none. */
  readonly access: Scope | "open";
  /** Whether the token is also taken as the password of HTTP Basic. */
  readonly browser?: true;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly headers?: Readonly<Record<string, HeaderContract>>;
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, AnswerContract>>;
  /** What this route refuses beside what every route may refuse. */
  readonly refusals: readonly RefusalCode[];
}

export function defineRoute<const C extends RouteContract>(contract: C): C {
  return contract;
}

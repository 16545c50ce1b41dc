/** The OpenAPI 3.1 document, made of the contract alone: nothing is started for it. */
import { z } from "zod";
import type { RefusalCode } from "../domain/errors.ts";
import { SCOPE_NAMES, SCOPES } from "../domain/scope.ts";
import { VERSION } from "../version.ts";
import { BatchCallback } from "./contract/batches.ts";
import { EVENT_PAYLOADS } from "./contract/events.ts";
import { PROBLEM_JSON, Problem } from "./contract/problem.ts";
import { TAGS, type AnswerContract, type RouteContract } from "./contract/route-contract.ts";
import { ROUTES } from "./contract/routes.ts";
import { BODY_REFUSALS, COMMON_REFUSALS, describeErrors, type ErrorCode } from "./error-map.ts";

type Json = Record<string, unknown>;

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Json;
  readonly responses: Readonly<Record<string, Json>>;
  /** The scope that is needed, by the kind of credentials. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Json;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Json;
  readonly tags: readonly { name: string; description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly webhooks: Readonly<Record<string, Json>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly securitySchemes: Json;
  };
}

/** All that is sent to webhooks. */
const SENT = { ...EVENT_PAYLOADS, batch: BatchCallback };

const SENT_HEADERS = [
  {
    name: "webhook-id",
    required: true,
    description: "Names the event: the same for every attempt, at every webhook.",
  },
  {
    name: "webhook-timestamp",
    required: true,
    description: "When this attempt was sent, in seconds since 1970.",
  },
  {
    name: "webhook-signature",
    required: false,
    description:
      "From persistent webhooks: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64, as Standard Webhooks has it; two of them with a space between for 24 h after a change of the secret.",
  },
];

const REFS = "#/components/schemas/";

const ERRORS = new Map(describeErrors().map((error) => [error.code, error]));

/** Any other answer is not the caller's to mend. */
const FAULT: Json = {
  description: explain(["INTERNAL"]),
  content: { [PROBLEM_JSON]: { schema: refTo(Problem) } },
};

export function createOpenApiDocument(): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of ROUTES) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: toOperation(route) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Playground",
      version: VERSION,
      summary: "Runs plugins as durable jobs and reports every job by webhook.",
      license: { name: "MIT", identifier: "MIT" },
    },
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks: Object.fromEntries(
      Object.entries(SENT).map(([kind, schema]) => [kind, toWebhook(kind, schema)]),
    ),
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: `The daemon's own token, or one of the scope that the operation names or a later one: ${SCOPE_NAMES.map((scope) => `\`${scope}\` may ${SCOPES[scope]}`).join("; ")}.`,
        },
        browser: {
          type: "http",
          scheme: "basic",
          description: "Any user name, the token as the password. For pages that a browser opens.",
        },
      },
    },
  };
}

/** Every schema that has an id, referring to the others by it. */
function componentSchemas(): Record<string, Json> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    uri: (id) => REFS + id,
    override: simplify,
  });
  const entries = Object.entries(schemas).map(([id, schema]) => {
    const { $id: _id, $schema: _schema, id: _name, ...rest } = schema as Json;
    return [id, rest] as const;
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Leaves out what `format` and JSON itself say already, and lets answers get further fields. */
function simplify(context: {
  zodSchema: z.core.$ZodType;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const { zodSchema, jsonSchema } = context;
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
  delete jsonSchema.propertyNames;
  // Requests are strict objects, and say themselves what else they take: nothing.
  const isOpen = zodSchema instanceof z.ZodObject && zodSchema.def.catchall === undefined;
  if (isOpen) delete jsonSchema.additionalProperties;
}

function refTo(schema: z.ZodType): Json {
  const id = schema.meta()?.id;
  if (id === undefined) throw new Error("A schema of a request or an answer needs an id.");
  return { $ref: REFS + id };
}

function toOperation(route: RouteContract): Operation {
  const { operationId, tag, summary, description, body, access, browser } = route;
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: toParameters(route),
    ...(body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { "application/json": { schema: refTo(body) } } },
        }),
    responses: { ...toAnswers(route.answers), ...toErrors(errorsOf(route)), default: FAULT },
    security:
      access === "open" ? [] : [{ token: [access] }, ...(browser ? [{ browser: [access] }] : [])],
  };
}

function toParameters(route: RouteContract): Parameter[] {
  return [
    ...fieldsOf(route.params).map((field) => ({ ...field, in: "path" as const, required: true })),
    ...fieldsOf(route.query).map((field) => ({ ...field, in: "query" as const })),
    ...Object.entries(route.headers ?? {}).map(([name, { description, example }]) => ({
      name,
      in: "header" as const,
      required: false,
      description,
      schema: { type: "string", examples: [example] },
    })),
  ];
}

function fieldsOf(schema: z.ZodType | undefined): Omit<Parameter, "in">[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: "input",
    override: simplify,
  });
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property as Json & { description?: string };
    const told = description === undefined ? {} : { description };
    return { name, required: required.includes(name), ...told, schema: rest };
  });
}

function toAnswers(answers: RouteContract["answers"]): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [status, toAnswer(answer)]),
  );
}

function toAnswer({ description, schema, otherBodies = {}, headers }: AnswerContract): Json {
  const content = {
    ...(schema === undefined ? {} : { "application/json": { schema: refTo(schema) } }),
    ...Object.fromEntries(
      Object.entries(otherBodies).map(([type, text]) => [
        type,
        { schema: { type: "string", description: text } },
      ]),
    ),
  };
  return {
    description,
    ...(headers === undefined ? {} : { headers: toHeaders(headers) }),
    ...(Object.keys(content).length === 0 ? {} : { content }),
  };
}

function toHeaders(headers: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: "string" } },
    ]),
  );
}

/** What a route that is open to all does not refuse. */
const GUARDED_REFUSALS: ReadonlySet<RefusalCode> = new Set([
  "UNAUTHORIZED",
  "INSUFFICIENT_SCOPE",
  "OVERLOADED",
]);

/** All that a route may answer with beside what it is for, and a fault of the daemon. */
function errorsOf(route: RouteContract): readonly ErrorCode[] {
  return [
    ...(route.access === "open"
      ? COMMON_REFUSALS.filter((code) => !GUARDED_REFUSALS.has(code))
      : [...COMMON_REFUSALS, "UNAVAILABLE" as const]),
    ...(route.method === "GET" ? [] : BODY_REFUSALS),
    ...route.refusals,
  ];
}

function explain(codes: readonly ErrorCode[]): string {
  return codes.map((code) => `\`${code}\`: ${ERRORS.get(code)?.meaning}`).join("\n\n");
}

function toErrors(codes: readonly ErrorCode[]): Record<string, Json> {
  const byStatus = Map.groupBy(codes, (code) => ERRORS.get(code)?.status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      {
        description: explain(group),
        ...(status === 503 ? { headers: toHeaders({ "Retry-After": "Seconds to wait." }) } : {}),
        content: { [PROBLEM_JSON]: { schema: refTo(Problem) } },
      },
    ]),
  );
}

function toWebhook(kind: string, schema: z.ZodType): Json {
  return {
    post: {
      operationId: `${kind}Event`,
      summary: schema.meta()?.description,
      parameters: SENT_HEADERS.map((header) => ({
        ...header,
        in: "header",
        schema: { type: "string" },
      })),
      requestBody: { required: true, content: { "application/json": { schema: refTo(schema) } } },
      responses: {
        "2XX": { description: "Delivered. Any other answer is tried again or given up." },
      },
    },
  };
}

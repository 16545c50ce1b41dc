/** Builds the OpenAPI 3.1 document from the contract, without starting anything. */
import { z } from "zod";
import type { RefusalCode } from "../domain/errors.ts";
import { SCOPE_NAMES, SCOPES } from "../domain/scope.ts";
import { VERSION } from "../version.ts";
import { BatchCallback } from "./contract/batches.ts";
import { EVENT_PAYLOADS } from "./contract/events.ts";
import { PROBLEM_JSON, Problem } from "./contract/problem.ts";
import { TAGS, type ResponseContract, type RouteContract } from "./contract/route-contract.ts";
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
  /** The required scope for each kind of credentials. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Json;
  /** How an object is written in a query: `meta[customer.id]=7`. */
  readonly style?: "deepObject";
  readonly explode?: true;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Json;
  readonly servers?: readonly { readonly url: string }[];
  readonly tags: readonly { name: string; description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly webhooks: Readonly<Record<string, Json>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly securitySchemes: Json;
  };
}

/** The payloads that are sent to webhooks. */
const SENT = { ...EVENT_PAYLOADS, batch: BatchCallback };

const SENT_HEADERS = [
  {
    name: "webhook-id",
    required: true,
    description:
      "The event's id. It is the same for every attempt and for every webhook, so you can drop duplicates by it.",
  },
  {
    name: "webhook-timestamp",
    required: true,
    description: "Time of this attempt, in seconds since the Unix epoch.",
  },
  {
    name: "webhook-signature",
    required: false,
    description:
      "Signature in the format of Standard Webhooks: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64. Only persistent webhooks sign their deliveries. For 24 hours after a change of the secret, the header contains two signatures separated by a space.",
  },
];

const REFS = "#/components/schemas/";

const ERRORS = new Map(describeErrors().map((error) => [error.code, error]));

/** Any other status is a failure of the daemon. */
const FAULT: Json = {
  description: explain(["INTERNAL"]),
  content: { [PROBLEM_JSON]: { schema: refTo(Problem) } },
};

/** Without a public URL the document names no server. Then its paths begin at the address that it was read from. */
export function createOpenApiDocument(publicUrl?: string): OpenApiDocument {
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
    ...(publicUrl !== undefined && { servers: [{ url: publicUrl }] }),
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
          description: `The daemon's own token, or a token with the operation's scope or a higher one. ${SCOPE_NAMES.map((scope) => `\`${scope}\` can ${SCOPES[scope]}`).join("; ")}.`,
        },
        signature: {
          type: "apiKey",
          in: "query",
          name: "sig",
          description: "The signature in a link to a file, which expires.",
        },
      },
    },
  };
}

/** Every schema that has an id. Schemas refer to each other by id. */
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

/** Removes what `format` and JSON already imply, and allows responses to gain fields. */
function simplify(context: {
  zodSchema: z.core.$ZodType;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const { zodSchema, jsonSchema } = context;
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
  delete jsonSchema.propertyNames;
  // Requests are strict objects and keep `additionalProperties: false`.
  const isOpen = zodSchema instanceof z.ZodObject && zodSchema.def.catchall === undefined;
  if (isOpen) delete jsonSchema.additionalProperties;
}

function refTo(schema: z.ZodType): Json {
  const id = schema.meta()?.id;
  if (id === undefined)
    throw new Error("The schema has no id: request and response schemas need one.");
  return { $ref: REFS + id };
}

function toOperation(route: RouteContract): Operation {
  const { operationId, tag, summary, description, access, isSigned } = route;
  const body = toRequestBody(route);
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: toParameters(route),
    ...(body === null ? {} : { requestBody: body }),
    responses: { ...toResponses(route.responses), ...toErrors(errorsOf(route)), default: FAULT },
    security:
      access === "open" ? [] : [{ token: [access] }, ...(isSigned ? [{ signature: [] }] : [])],
  };
}

function toRequestBody({ body, rawBody }: RouteContract): Json | null {
  if (body !== undefined) {
    return { required: true, content: { "application/json": { schema: refTo(body) } } };
  }
  if (rawBody === undefined) return null;
  const schema = { type: "string", format: "binary" };
  return { description: rawBody, content: { "*/*": { schema } } };
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
    return {
      name,
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
      ...(rest["type"] === "object" && { style: "deepObject" as const, explode: true as const }),
    };
  });
}

function toResponses(responses: RouteContract["responses"]): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [status, toResponse(response)]),
  );
}

function toResponse({ description, schema, otherBodies = {}, headers }: ResponseContract): Json {
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

/** Common refusals that an open route never responds with. */
const GUARDED_REFUSALS: ReadonlySet<RefusalCode> = new Set([
  "UNAUTHORIZED",
  "INSUFFICIENT_SCOPE",
  "OVERLOADED",
]);

/** Every error code that the route can respond with, except INTERNAL. */
function errorsOf(route: RouteContract): readonly ErrorCode[] {
  return [
    ...(route.access === "open"
      ? COMMON_REFUSALS.filter((code) => !GUARDED_REFUSALS.has(code))
      : [...COMMON_REFUSALS, "UNAVAILABLE" as const]),
    ...(route.method === "GET" || route.method === "HEAD" ? [] : BODY_REFUSALS),
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
        ...(status === 503 || status === 429
          ? { headers: toHeaders({ "Retry-After": "Seconds to wait before the next try." }) }
          : {}),
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
        "2XX": {
          description:
            "The event is delivered. After any other response, the daemon retries the delivery or gives it up.",
        },
      },
    },
  };
}

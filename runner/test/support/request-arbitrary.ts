/** Requests generated from the OpenAPI document: valid ones, nearly valid ones, and nonsense. */
import fc from "fast-check";
import type { OpenApiDocument, Operation } from "../../src/http/openapi.ts";

type Json = Record<string, unknown>;

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface Known {
  readonly token: string;
  /** Existing values, by the name of the path parameter or body field. */
  readonly values: Readonly<Record<string, readonly unknown[]>>;
  /** Bodies that the route accepts, if those made from its schema seldom are. */
  readonly bodies?: readonly unknown[] | undefined;
}

/** No webhook request leaves the machine: port 1 refuses, and the others are not valid URLs. */
const URLS = [
  "http://127.0.0.1:1/hook",
  "https://127.0.0.1:1/?a=b",
  "http://",
  "ftp://x",
  "//x",
  "javascript:1",
];

const latin1 = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 40,
});

const pathText = fc.oneof(
  fc
    .string({ unit: "binary", maxLength: 20 })
    .filter((text) => text.isWellFormed())
    .map(encodeURIComponent),
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 150,
  }),
  fc.constantFrom(
    "%",
    "%zz",
    "%00",
    "%ff",
    "..",
    ".",
    "%2e%2e%2f",
    "null",
    "constructor",
    "__proto__",
  ),
);

/** Values, most of which fit the schema. */
function fitting(schema: Json, document: OpenApiDocument, known: Known): fc.Arbitrary<unknown> {
  const inner = (one: unknown): fc.Arbitrary<unknown> => fitting(one as Json, document, known);
  if (typeof schema["$ref"] === "string") {
    return inner(document.components.schemas[schema["$ref"].split("/").at(-1) ?? ""]);
  }
  const choices = (schema["anyOf"] ?? schema["oneOf"]) as Json[] | undefined;
  if (choices !== undefined) return fc.oneof(...choices.map(inner));
  if ("const" in schema) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
  switch (schema["type"]) {
    case "integer":
    case "number":
      return number(schema);
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(inner(schema["items"] ?? {}), {
        minLength: Number(schema["minItems"] ?? 0),
        maxLength: 4,
      });
    case "object":
      return object(schema, inner, known);
    case "string":
      return string(schema);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function number(schema: Json): fc.Arbitrary<number> {
  const { minimum: min, maximum: max } = schema as { minimum?: number; maximum?: number };
  const bounds = {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max: Math.min(max, 2 ** 31) }),
  };
  return schema["type"] === "integer"
    ? fc.integer(bounds)
    : fc.double({ ...bounds, noNaN: true, noDefaultInfinity: true });
}

function object(
  schema: Json,
  inner: (one: unknown) => fc.Arbitrary<unknown>,
  known: Known,
): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, Json>);
  if (properties.length === 0) {
    return fc.dictionary(
      fc.string({ maxLength: 10 }),
      inner(schema["additionalProperties"] ?? {}),
      { maxKeys: 4 },
    );
  }
  const fields = properties.map(([name, property]) => {
    const values = known.values[name];
    const given = inner(property);
    return [
      name,
      values === undefined ? given : fc.oneof(fc.constantFrom(...values), given),
    ] as const;
  });
  return fc.record(Object.fromEntries(fields), {
    requiredKeys: (schema["required"] ?? []) as string[],
  });
}

function string(schema: Json): fc.Arbitrary<string> {
  if (schema["format"] === "uri") return fc.constantFrom(...URLS);
  if (schema["format"] === "date-time") {
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-12-31T00:00:00Z") })
      .map((date) => date.toISOString());
  }
  const maxLength = Math.min(Number(schema["maxLength"] ?? 30), 300);
  return fc.string({ unit: "grapheme", minLength: Number(schema["minLength"] ?? 0), maxLength });
}

/** Replaces one part of a value, removes a field, or adds one. */
function broken(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== "object" || value === null) return fc.jsonValue();
  const keys = Object.keys(value);
  const put = (key: string, other: unknown): unknown =>
    Array.isArray(value) ? value.with(Number(key), other) : { ...value, [key]: other };
  return fc.oneof(
    fc.tuple(fc.string(), fc.jsonValue()).map(([key, other]) => ({ ...value, [key]: other })),
    ...(keys.length === 0
      ? []
      : [
          fc
            .constantFrom(...keys)
            .chain((key) => broken((value as Json)[key]).map((other) => put(key, other))),
          fc
            .constantFrom(...keys)
            .map((key) =>
              Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)),
            ),
        ]),
  );
}

function bodyText(valid: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: valid.map((value) => JSON.stringify(value)) },
    { weight: 4, arbitrary: valid.chain(broken).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
    {
      weight: 1,
      arbitrary: fc.tuple(valid, fc.nat()).map(([value, at]) => {
        const whole = JSON.stringify(value);
        return whole.slice(0, at % whole.length);
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "",
        "null",
        "[]",
        '{"plugins":["echo"],"input":{"__proto__":{"a":1}}}',
        '{"plugins":["echo"],"input":"\\ud800"}',
        '{"plugins":["echo"],"input":1e999}',
        '{"plugins":["echo"],"name":"\\u0000"}',
        `{"plugins":["echo"],"input":${"[".repeat(3000)}${"]".repeat(3000)}}`,
        `{"plugins":["echo"],"input":${'{"a":'.repeat(400)}1${"}".repeat(400)}}`,
      ),
    },
  );
}

const wrongHeaders = fc.constantFrom<Readonly<Record<string, string>>>(
  {},
  { "content-type": "text/plain" },
  { "content-type": "application/xml; charset=x" },
  { "content-type": "multipart/form-data" },
  { "content-encoding": "gzip" },
  { accept: "text/html" },
  { "x-http-method-override": "DELETE" },
  { cookie: "a=b" },
);

function queryOf(
  operation: Operation,
  document: OpenApiDocument,
  known: Known,
): fc.Arbitrary<string> {
  const declared = operation.parameters
    .filter((parameter) => parameter.in === "query")
    .map(({ name, schema }) =>
      fc
        .oneof(
          { weight: 3, arbitrary: fitting(schema, document, known) },
          fc.string(),
          fc.integer(),
        )
        .map((value) => toQuery(name, value)),
    );
  const odd = pathText.map((text) => text.replaceAll("#", ""));
  return fc
    .tuple(...declared.map((one) => fc.option(one, { freq: 2 })), fc.option(odd, { freq: 6 }))
    .map((parts) => parts.filter((part) => part !== null).join("&"))
    .map((query) => (query === "" ? "" : `?${query}`));
}

/** An object as its keys in brackets, which is the style `deepObject`. */
function toQuery(name: string, value: unknown): string {
  const encode = (part: unknown): string => encodeURIComponent(String(part).toWellFormed());
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return `${name}=${encode(value)}`;
  }
  return Object.entries(value)
    .map(([key, part]) => `${name}[${encode(key)}]=${encode(part)}`)
    .join("&");
}

const headerValues: Readonly<Record<string, fc.Arbitrary<string>>> = {
  // No long waits: this does not test responses that wait for the job.
  Prefer: fc.oneof(
    fc.constantFrom("wait=0", "respond-async", "wait=0, return=minimal", "wait", "wait=-1"),
    latin1.filter((value) => !/wait/i.test(value)),
  ),
  "Last-Event-ID": fc.oneof(fc.nat().map(String), latin1),
};

export function requestArbitrary(
  route: { method: string; path: string; operation: Operation },
  document: OpenApiDocument,
  known: Known,
): fc.Arbitrary<RawRequest> {
  const { operation } = route;
  const parts = route.path.split(/\{(\w+)\}/);
  const path = fc
    .tuple(
      ...parts.map((part, at) =>
        at % 2 === 0
          ? fc.constant(part)
          : fc.oneof(
              { weight: 2, arbitrary: fc.constantFrom(...(known.values[part] ?? [])).map(String) },
              pathText,
            ),
      ),
    )
    .map((texts) => texts.join("").replaceAll(/[?#]/g, ""));
  const named = operation.parameters
    .filter((parameter) => parameter.in === "header")
    .map(({ name }) =>
      fc.option((headerValues[name] ?? latin1).map((value) => [name, value.trim()] as const)),
    );
  const content = operation.requestBody?.["content"] as
    | { "application/json"?: { schema: Json } }
    | undefined;
  const schema = content?.["application/json"]?.schema;
  const body: fc.Arbitrary<string | null> =
    schema === undefined
      ? fc.option(fc.json(), { freq: 5 })
      : bodyText(
          fc.oneof(
            ...(known.bodies ?? []).map((each) => fc.constant(each)),
            fitting(schema, document, known),
          ),
        );
  return fc
    .record({
      method: fc.oneof(
        { weight: 9, arbitrary: fc.constant(route.method) },
        fc.constantFrom("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "POST", "GET"),
      ),
      path: fc.tuple(path, queryOf(operation, document, known)).map((texts) => texts.join("")),
      body,
      named: fc.tuple(...named),
      wrong: fc.option(wrongHeaders, { freq: 4 }),
      stream: fc.boolean(),
      authorization: fc.oneof(
        { weight: 12, arbitrary: fc.constant(`Bearer ${known.token}`) },
        fc.constantFrom("", "Bearer", "Bearer x", "Basic eDp5", "Basic !"),
        latin1.map((text) => text.trim()),
      ),
    })
    .map(({ method, path: target, body: sent, named: given, wrong, stream, authorization }) => ({
      method,
      path: target,
      body: method === "HEAD" ? null : sent,
      headers: {
        ...(sent === null || method === "HEAD" ? {} : { "content-type": "application/json" }),
        ...(stream ? { accept: "text/event-stream" } : {}),
        ...Object.fromEntries(given.filter((one) => one !== null)),
        ...wrong,
        authorization,
      },
    }));
}

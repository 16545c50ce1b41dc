/**
 * Checks a request's value against a plugin's JSON Schema, on the main thread. A first look: the
 * thread checks again with the plugin's own schema, so that what is costly or unsure to check here
 * is let through.
 */
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import type { Issue } from "../../domain/errors.ts";
import type { JsonSchema } from "../../ports/plugin-catalog.ts";

const MAX_ISSUES = 20;
const MAX_SHOWN = 60;
const MAX_PATTERN_INPUT = 1000;

export type JsonCheck = (value: unknown) => readonly Issue[];

/** Takes everything where there is no schema, or one that cannot be compiled. */
export function createJsonCheck(schema: JsonSchema | null): JsonCheck {
  if (schema === null) return () => [];
  let check: JsonCheck | undefined;
  return (value) => {
    check ??= compile(schema);
    return check(value);
  };
}

function compile(schema: JsonSchema): JsonCheck {
  try {
    const validate = newAjv().compile(schema);
    return (value) => (validate(value) ? [] : toIssues(validate.errors ?? []));
  } catch {
    return () => [];
  }
}

/** One for each schema: it keeps all that it ever compiled. */
function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    verbose: true,
    logger: false,
    // zod writes a pattern beside its formats, but for this one; Ajv's own `uri` takes less than zod.
    formats: { uri: (text: string) => URL.canParse(text) },
  });
  ajv.removeKeyword("pattern");
  ajv.removeKeyword("patternProperties");
  return ajv.addKeyword({
    keyword: "pattern",
    type: "string",
    schemaType: "string",
    error: { message: "must match the pattern" },
    compile: (source: string, beside) => cautiousPattern(source, "format" in beside),
  });
}

/**
 * A plugin's own pattern that may take exponential time (a group repeated without end), and long
 * texts, are left to the thread: here a regular expression would hold up the whole daemon. Beside a
 * format the pattern is zod's.
 */
function cautiousPattern(source: string, isFormat: boolean): (text: string) => boolean {
  const pattern = new RegExp(source, "u");
  const mayExplode = !isFormat && /\)(?:[*+]|\{\d+,\})/.test(source);
  return (text) => mayExplode || text.length > MAX_PATTERN_INPUT || pattern.test(text);
}

function toIssues(errors: readonly ErrorObject[]): Issue[] {
  const issues = new Map<string, Issue>();
  for (const error of errors) {
    const issue = toIssue(error);
    // The branches of a union each tell their own errors: the union's own one sums them up, and comes last.
    if (isUnion(error)) dropBranches(issues, error);
    issues.set(`${error.schemaPath} ${issue.path}`, issue);
  }
  return [...issues.values()].slice(0, MAX_ISSUES);
}

function isUnion({ keyword }: ErrorObject): boolean {
  return keyword === "anyOf" || keyword === "oneOf";
}

function dropBranches(issues: Map<string, Issue>, union: ErrorObject): void {
  for (const [key] of issues) if (key.startsWith(`${union.schemaPath}/`)) issues.delete(key);
}

function toIssue(error: ErrorObject): Issue {
  const { instancePath, params, keyword } = error;
  const told = params as Record<string, unknown>;
  if (keyword === "required") {
    const property = String(told["missingProperty"]);
    const wanted = (error.parentSchema as { properties?: Record<string, JsonSchema> }).properties?.[
      property
    ];
    return {
      path: join(instancePath, property),
      message: `is missing: it must be ${describe(wanted)}`,
    };
  }
  if (keyword === "additionalProperties" || keyword === "unevaluatedProperties") {
    const property = String(told["additionalProperty"] ?? told["unevaluatedProperty"]);
    const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
    return {
      path: join(instancePath, property),
      message: `is not known: known are ${list(known)}`,
    };
  }
  return { path: instancePath, message: `is ${show(error.data)}: it must be ${wantedBy(error)}` };
}

function wantedBy({ keyword, params, parentSchema, message }: ErrorObject): string {
  const told = params as Record<string, unknown>;
  switch (keyword) {
    case "type":
    case "enum":
    case "const":
    case "format":
    case "pattern":
    case "anyOf":
    case "oneOf":
      return describe(parentSchema);
    case "minLength":
      return `at least ${String(told["limit"])} characters long`;
    case "maxLength":
      return `at most ${String(told["limit"])} characters long`;
    case "minItems":
      return `a list of at least ${String(told["limit"])}`;
    case "maxItems":
      return `a list of at most ${String(told["limit"])}`;
    case "minimum":
    case "maximum":
    case "exclusiveMinimum":
    case "exclusiveMaximum":
      return `${String(told["comparison"])} ${String(told["limit"])}`;
    default:
      return (message ?? "as the schema says").replace(/^must (?:be )?/, "");
  }
}

/** What a schema asks for, in a few words. */
function describe(schema: JsonSchema | undefined): string {
  if (schema === undefined) return "given";
  const { type, const: constant, enum: options, format, pattern } = schema;
  const union = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (constant !== undefined) return show(constant);
  if (Array.isArray(options)) return `one of ${list(options)}`;
  if (union !== undefined) return [...new Set(union.map(describe))].join(", or ");
  if (typeof format === "string") return `a valid ${format}`;
  if (typeof pattern === "string") return `a text that matches ${pattern}`;
  if (Array.isArray(type)) return type.map((name) => named(String(name))).join(" or ");
  return typeof type === "string" ? named(type) : "given";
}

function named(type: string): string {
  const names: Record<string, string> = {
    array: "a list",
    object: "an object",
    string: "a text",
    integer: "a whole number",
    number: "a number",
    boolean: "true or false",
    null: "null",
  };
  return names[type] ?? type;
}

function list(values: readonly unknown[]): string {
  return values.length === 0 ? "none" : values.map(show).join(", ");
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

/** RFC 6901. */
function join(path: string, key: string): string {
  return `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

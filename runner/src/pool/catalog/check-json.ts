/**
 * Checks a request's value against a plugin's JSON Schema, on the main thread. A first look: the
 * thread checks again with the plugin's own schema, so that what is costly or unsure to check here
 * is let through.
 */
import {
  Ajv2020,
  type CodeKeywordDefinition,
  type ErrorObject,
  type ValidateFunction,
} from "ajv/dist/2020.js";
import type { Issue } from "../../domain/errors.ts";
import type { JsonSchema } from "../../ports/plugin-catalog.ts";
import { nameType, showValue } from "../value-words.ts";
import { isZodFormat } from "./zod-formats.ts";

const MAX_ISSUES = 20;
/** Values of an input, with the characters of their names, up to which all that is wrong is told. */
const MAX_FULLY_CHECKED = 10_000;
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
    const findFirst = newAjv({ allErrors: false }).compile(schema);
    let findAll: ValidateFunction | undefined;
    return (value) => {
      if (findFirst(value)) return [];
      if (!isSmall(value)) return toIssues(findFirst.errors ?? []);
      findAll ??= newAjv({ allErrors: true }).compile(schema);
      findAll(value);
      return toIssues(findAll.errors ?? []);
    };
  } catch {
    return () => [];
  }
}

/** A list of millions has millions of errors, each with its path: only the first is looked for then. */
function isSmall(value: unknown): boolean {
  const parts = [value];
  let size = 0;
  // Goes on to what is added on the way.
  for (const part of parts) {
    if (typeof part !== "object" || part === null) continue;
    const members: unknown[] = Array.isArray(part) ? part : Object.values(part);
    size += members.length;
    if (!Array.isArray(part)) for (const key of Object.keys(part)) size += key.length;
    if (size > MAX_FULLY_CHECKED) return false;
    parts.push(...members);
  }
  return true;
}

/** One for each schema: it keeps all that it ever compiled. */
function newAjv({ allErrors }: { allErrors: boolean }): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    allErrors,
    verbose: true,
    logger: false,
    // zod writes a pattern beside its formats, but for this one; Ajv's own `uri` takes less than zod.
    formats: { uri: (text: string) => URL.canParse(text) },
  });
  // Compares each item of a list with each other.
  ajv.removeKeyword("uniqueItems");
  ajv.removeKeyword("patternProperties");
  passOverPatternsOfKeys(ajv);
  ajv.removeKeyword("pattern");
  ajv.addKeyword({
    keyword: "pattern",
    type: "string",
    schemaType: "string",
    error: { message: "must match the pattern" },
    compile: (source: string, beside) => cautiousPattern(source, beside["format"]),
  });
  // Two branches may fit here of which the thread, with their patterns, takes one.
  ajv.removeKeyword("oneOf");
  return ajv.addKeyword({ keyword: "oneOf", macro: (branches) => ({ anyOf: branches }) });
}

/** What `patternProperties` knows is not "additional": these look at its patterns, wherever it is. */
function passOverPatternsOfKeys(ajv: Ajv2020): void {
  const keyword = "additionalProperties";
  const { code, ...definition } = ajv.getKeyword(keyword) as CodeKeywordDefinition;
  ajv.removeKeyword(keyword);
  ajv.addKeyword({
    ...definition,
    code(context) {
      if (context.parentSchema["patternProperties"] === undefined) code(context);
    },
  });
  ajv.removeKeyword("unevaluatedProperties");
}

/**
 * A plugin's own patterns are left to the thread, and so are long texts: a regular expression may
 * take for ever, no look at it tells reliably, and here it would hold up the whole daemon.
 */
function cautiousPattern(source: string, format: unknown): (text: string) => boolean {
  if (!isZodFormat(format, source)) return () => true;
  const pattern = new RegExp(source, "u");
  return (text) => text.length > MAX_PATTERN_INPUT || pattern.test(text);
}

function toIssues(errors: readonly ErrorObject[]): Issue[] {
  const told: ErrorObject[] = [];
  for (const error of errors) {
    // The branches of a union each tell their own errors: the union's own one sums them up, and comes last.
    if (isUnion(error)) dropBranches(told, error);
    told.push(error);
  }
  const issues = new Map<string, Issue>();
  for (const error of told) {
    const issue = toIssue(error);
    issues.set(`${error.schemaPath} ${issue.path}`, issue);
    if (issues.size === MAX_ISSUES) break;
  }
  return [...issues.values()];
}

function isUnion({ keyword }: ErrorObject): boolean {
  return keyword === "anyOf" || keyword === "oneOf";
}

/** Looks back only as far as errors are of the union's value: a list may have thousands of unions. */
function dropBranches(told: ErrorObject[], union: ErrorObject): void {
  const before = told.findLastIndex((error) => !error.instancePath.startsWith(union.instancePath));
  for (const error of told.splice(before + 1)) {
    if (!error.schemaPath.startsWith(`${union.schemaPath}/`)) told.push(error);
  }
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
  if (keyword === "additionalProperties") {
    const property = String(told["additionalProperty"]);
    const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
    return {
      path: join(instancePath, property),
      message: `is not known: known are ${list(known)}`,
    };
  }
  return {
    path: instancePath,
    message: `is ${showValue(error.data)}: it must be ${wantedBy(error)}`,
  };
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
  if (constant !== undefined) return showValue(constant);
  if (Array.isArray(options)) return `one of ${list(options)}`;
  if (union !== undefined) return [...new Set(union.map(describe))].join(", or ");
  if (typeof format === "string") return `a valid ${format}`;
  if (typeof pattern === "string") return `a text that matches ${pattern}`;
  if (Array.isArray(type)) return type.map((name) => nameType(String(name))).join(" or ");
  return typeof type === "string" ? nameType(type) : "given";
}

function list(values: readonly unknown[]): string {
  return values.length === 0 ? "none" : values.map(showValue).join(", ");
}

/** RFC 6901. */
function join(path: string, key: string): string {
  return `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

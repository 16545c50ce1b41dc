/**
 * Checks a request's value against a plugin's JSON Schema, on the main thread. The plugin's thread
 * checks the value again with the plugin's own schema, so a rule that is costly or uncertain to
 * check here is skipped. The messages are ours where Ajv's do not name the value or what is right.
 */
import {
  Ajv2020,
  type CodeKeywordDefinition,
  type ErrorObject,
  type ValidateFunction,
} from "ajv/dist/2020.js";
import { MAX_ISSUES, type Issue } from "../../domain/errors.ts";
import { unknownField } from "../../domain/unknown-field.ts";
import type { JsonSchema } from "../../ports/plugin-catalog.ts";
import { nameType, showValue } from "../value-words.ts";
import { isZodFormat } from "./zod-formats.ts";

/** Up to this size (values, plus the characters of their names) every issue is reported. */
const MAX_FULLY_CHECKED = 10_000;
const MAX_PATTERN_INPUT = 1000;

export type JsonCheck = (value: unknown) => readonly Issue[];

/** Accepts every value when there is no schema, or when the schema cannot be compiled. */
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

/** An array of a million items can have a million errors, each with its path: then only the first is found. */
function isSmall(value: unknown): boolean {
  const parts = [value];
  let size = 0;
  // The loop also visits the parts that it adds.
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

/** Each schema gets its own Ajv: an Ajv never frees the schemas it has compiled. */
function newAjv({ allErrors }: { allErrors: boolean }): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    allErrors,
    verbose: true,
    logger: false,
    // zod adds a pattern to each of its formats except this one, and accepts more than Ajv's own `uri`.
    formats: { uri: (text: string) => URL.canParse(text) },
  });
  // It compares every item with every other.
  ajv.removeKeyword("uniqueItems");
  ajv.removeKeyword("patternProperties");
  ignorePatternsOfKeys(ajv);
  ajv.removeKeyword("pattern");
  ajv.addKeyword({
    keyword: "pattern",
    type: "string",
    schemaType: "string",
    compile: (source: string, { format }) => safePattern(source, format),
  });
  // Without patterns, two branches can match here although the thread accepts only one.
  ajv.removeKeyword("oneOf");
  return ajv.addKeyword({ keyword: "oneOf", macro: (branches) => ({ anyOf: branches }) });
}

/** These two keywords treat a key that matches `patternProperties` as known, so they run patterns as well. */
function ignorePatternsOfKeys(ajv: Ajv2020): void {
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
 * Runs only zod's own patterns, on short strings. A plugin's pattern can run forever, this cannot be
 * detected reliably, and here it would block the whole daemon.
 */
function safePattern(source: string, format: unknown): (text: string) => boolean {
  if (!isZodFormat(format, source)) return () => true;
  const pattern = new RegExp(source, "u");
  return (text) => text.length > MAX_PATTERN_INPUT || pattern.test(text);
}

function toIssues(errors: readonly ErrorObject[]): Issue[] {
  // The branches of a union report errors too. The union's own error sums them up.
  const unions = new Set(errors.filter(isOfUnion).map(({ schemaPath }) => `${schemaPath}/`));
  const issues = new Map<string, Issue>();
  for (const error of errors) {
    if (issues.size === MAX_ISSUES) break;
    if (unions.values().some((union) => error.schemaPath.startsWith(union))) continue;
    const issue = toIssue(error);
    issues.set(`${error.schemaPath} ${issue.path}`, issue);
  }
  return [...issues.values()];
}

function isOfUnion({ keyword }: ErrorObject): boolean {
  return keyword === "anyOf" || keyword === "oneOf";
}

function toIssue(error: ErrorObject): Issue {
  const { instancePath: path, params, data, message = "must fit the schema" } = error;
  const schema = error.parentSchema as JsonSchema;
  const properties = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
  const { missingProperty: missing, additionalProperty: unknown } = params as Params;
  if (missing !== undefined) {
    const wanted = describe(properties[missing] ?? {}) ?? "given";
    return { path: join(path, missing), message: `is missing: it must be ${wanted}` };
  }
  if (unknown !== undefined) {
    return {
      path: join(path, unknown),
      message: unknownField(unknown, Object.keys(properties)),
    };
  }
  const wanted = DESCRIBED.has(error.keyword) ? describe(schema) : null;
  const rule = wanted === null ? message.replace("NOT", "not") : `must be ${wanted}`;
  return { path, message: `is ${showValue(data)}: it ${rule}` };
}

/** What Ajv adds to an error of `required`, and of `additionalProperties`. */
interface Params {
  readonly missingProperty?: string;
  readonly additionalProperty?: string;
}

/** Keywords whose message in Ajv does not say which values are right. */
const DESCRIBED: ReadonlySet<string> = new Set(
  "type enum const format pattern anyOf oneOf".split(" "),
);

/** What a schema accepts, in a few words; null if nothing useful can be said. */
function describe(schema: JsonSchema): string | null {
  const { type, const: constant, enum: options, format, pattern } = schema;
  const branches = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (constant !== undefined) return showValue(constant);
  if (Array.isArray(options)) return `one of ${options.map(showValue).join(", ")}`;
  if (branches !== undefined)
    return [...new Set(branches.map((branch) => describe(branch) ?? "given"))].join(", or ");
  if (typeof format === "string") return `a valid ${format}`;
  if (typeof pattern === "string") return `a string that matches ${pattern}`;
  if (type === undefined) return null;
  const types = (Array.isArray(type) ? type : [type]) as readonly string[];
  return types.map((name) => nameType(name)).join(" or ");
}

/** RFC 6901. */
function join(path: string, key: string): string {
  return `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

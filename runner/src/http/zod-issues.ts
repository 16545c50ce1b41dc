/** Turns zod's issues into messages that name the value found and what it must be. */
import type { z } from "zod";
import { MAX_ISSUES, type Issue } from "../domain/errors.ts";
import { MAX_SHOWN, shorten } from "../domain/shorten.ts";
import { unknownField } from "../domain/unknown-field.ts";

/** Values that can be secret are never repeated in a message. */
const SECRET_FIELDS: ReadonlySet<PropertyKey> = new Set(["headers", "url", "secret", "value"]);

type ZodIssue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Returns at most 20 issues. `value` is the value that was parsed. */
export function toIssues(error: z.ZodError, value: unknown): readonly Issue[] {
  return flatten(error.issues, [])
    .slice(0, MAX_ISSUES)
    .map(({ issue, path }) => ({
      path: toPointer(path),
      message: describe(issue, {
        key: String(path.at(-1)),
        found: valueAt(value, path),
        isSecret: path.some((key) => SECRET_FIELDS.has(key)),
      }),
    }));
}

/** JSON Pointer, RFC 6901 §3. */
function toPointer(path: Path): string {
  return path
    .map((key) => `/${shorten(String(key)).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Object.hasOwn(at, key) ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return at;
}

function flatten(issues: readonly ZodIssue[], above: Path): { issue: ZodIssue; path: Path }[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.slice(0, MAX_ISSUES).map((key) => ({ issue, path: [...path, key] }));
    }
    const branch = issue.code === "invalid_union" ? meantBranch(issue.errors) : undefined;
    return branch === undefined ? [{ issue, path }] : flatten(branch, path);
  });
}

/** Returns the union's branch whose type matches the value, but whose content does not. */
function meantBranch(branches: readonly (readonly ZodIssue[])[]): readonly ZodIssue[] | undefined {
  return branches.find((issues) =>
    issues.every((issue) => issue.code !== "invalid_type" || issue.path.length > 0),
  );
}

function describe(
  issue: ZodIssue,
  { key, found, isSecret }: { key: string; found: unknown; isSecret: boolean },
): string {
  if (issue.code === "unrecognized_keys") return unknownField(key, knownFields(issue));
  if (issue.code === "invalid_key") return `has a wrong key: it ${keyExpectation(issue)}`;
  const expected = expectation(issue);
  if (found === undefined) return `is missing: it ${expected}`;
  const shown = isSecret ? null : show(found);
  return shown === null ? expected : `is ${shown}: it ${expected}`;
}

/** Gives an issue of unknown fields the known ones as its message, which zod's own message lacks. */
export const nameKnownFields: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== "unrecognized_keys") return undefined;
  const { shape = {} } = (issue.inst as z.ZodObject | undefined)?.def ?? {};
  return Object.keys(shape).join(", ");
};

function knownFields({ message }: ZodIssue): string[] {
  return message === "" ? [] : message.split(", ");
}

function expectation(issue: ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${issue.expected === "int" ? "an integer" : withArticle(issue.expected)}`;
    case "too_big":
      return bound(issue.origin, "at most", issue.maximum);
    case "too_small":
      return bound(issue.origin, "at least", issue.minimum);
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_union":
    case "invalid_format":
    case "not_multiple_of":
    case "unrecognized_keys":
    case "invalid_key":
    case "invalid_element":
    case "custom":
      return issue.message;
  }
}

/** zod's own message does not say what is wrong with the key. */
function keyExpectation({ issues: [first], message }: z.core.$ZodIssueInvalidKey): string {
  return first === undefined ? message : expectation(first);
}

function bound(origin: string, limit: "at most" | "at least", size: number | bigint): string {
  const plural = Number(size) === 1 ? "" : "s";
  if (origin === "string") return `must be ${limit} ${size} character${plural} long`;
  if (origin === "array") return `must have ${limit} ${size} item${plural}`;
  return `must be ${limit} ${size}`;
}

function withArticle(type: string): string {
  if (type === "record") return "an object";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function show(value: unknown): string | null {
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "string" && value.length > MAX_SHOWN)
    return `${value.length} characters long`;
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

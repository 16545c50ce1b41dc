/** Finds faults in a plugin's definition. Each fault names the field, its value and what would be right. */
import { BACKOFF_LIMITS, MAX_ATTEMPTS } from "../domain/step-retry.ts";
import { environmentNameFault } from "../domain/environment-name.ts";
import { nearest } from "../domain/nearest.ts";
import { limitsFault } from "./limits-fault.ts";
import { secretNameFault } from "../domain/secret-name.ts";
import { showValue } from "./value-words.ts";
import { zodSchemaFault } from "./zod-schema.ts";

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** Returns the fault, to follow the field's name, or null if the value is right. */
type Check = (value: unknown) => string | null;

export const CHECKS = {
  name: nameFault,
  version: optional(textFault('a string that is not empty, such as "1.0.0"')),
  description: textFault("a sentence that says what the plugin does"),
  input: optional(zodSchemaFault),
  options: optional(zodSchemaFault),
  output: optional(zodSchemaFault),
  example: optional(exampleFault),
  timeoutMs: optional(timeoutFault),
  retry: optional(retryFault),
  limits: optional(limitsFault),
  secrets: optional(namesFault(secretNameFault, '["API_KEY"]')),
  env: optional(namesFault(environmentNameFault, '["REPORT_URL"]')),
  exactIntegers: optional((value) =>
    typeof value === "boolean" ? null : not(value, "true or false"),
  ),
  run: (value: unknown) =>
    typeof value === "function" ? null : not(value, "a function (input, ctx)"),
} satisfies Record<string, Check>;
const FIELDS = Object.keys(CHECKS);
const EXAMPLE_FIELDS = ["input", "options"];

/** Throws a TypeError that names each field that is wrong. */
export function checkDefinition(definition: unknown): void {
  const faults = definitionFaults(definition);
  if (faults.length > 0) throw new TypeError(faults.join("; "));
}

/** Returns the faults; empty if it is valid. */
export function definitionFaults(definition: unknown): readonly string[] {
  if (typeof definition !== "object" || definition === null) {
    return [`the definition ${not(definition, "an object with the fields of a plugin")}`];
  }
  const fields = definition as Readonly<Record<string, unknown>>;
  const faults = Object.entries(CHECKS).flatMap(([field, check]) => {
    const fault = check(fields[field]);
    return fault === null ? [] : [`${field} ${fault}`];
  });
  return [...faults, ...unknownFields(fields, FIELDS, "a plugin")];
}

function optional(check: Check): Check {
  return (value) => (value === undefined || value === null ? null : check(value));
}

function not(value: unknown, wanted: string): string {
  const found = value === undefined ? "missing" : showValue(value);
  return `is ${found}: it must be ${wanted}`;
}

function nameFault(value: unknown): string | null {
  if (typeof value === "string" && NAME.test(value)) return null;
  return not(value, `1 to 64 lower-case letters, digits and dashes, such as "${toName(value)}"`);
}

/** The name that the author most likely means. */
function toName(value: unknown): string {
  const words =
    typeof value === "string"
      ? value
          .slice(0, 64)
          .toLowerCase()
          .split(/[^a-z0-9]+/)
      : [];
  return words.filter((word) => word !== "").join("-") || "word-count";
}

function textFault(wanted: string): Check {
  return (value) => (typeof value === "string" && value.trim() !== "" ? null : not(value, wanted));
}

function timeoutFault(value: unknown): string | null {
  return typeof value === "number" && Number.isFinite(value) && value > 0
    ? null
    : not(value, "a number of milliseconds above 0, such as 60000");
}

function namesFault(nameFaultOf: Check, example: string): Check {
  return (value) => {
    if (!Array.isArray(value)) return not(value, `a list of names such as ${example}`);
    for (const name of value as unknown[]) {
      const fault = nameFaultOf(name);
      if (fault !== null) return `has the name ${showValue(name)}: ${fault}`;
    }
    const twice = value.find((name, at) => value.indexOf(name) !== at) as string | undefined;
    return twice === undefined ? null : `has the name ${showValue(twice)} twice`;
  };
}

function retryFault(value: unknown): string | null {
  const wanted = "an object such as { attempts: 3 }";
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return not(value, wanted);
  const [unknown] = unknownFields(value, ["attempts", "backoff"], "retry");
  if (unknown !== undefined) return `has an ${unknown}`;
  const { attempts, backoff = {} } = value as { attempts?: unknown; backoff?: unknown };
  if (!isWithin(attempts, 1, MAX_ATTEMPTS) || !Number.isInteger(attempts)) {
    return `has attempts of ${attempts === undefined ? "nothing" : showValue(attempts)}: they must be a whole number from 1 to ${MAX_ATTEMPTS}`;
  }
  if (typeof backoff !== "object" || backoff === null || Array.isArray(backoff))
    return `has a backoff that ${not(backoff, "an object such as { delayMs: 1000 }")}`;
  const [unknownPart] = unknownFields(backoff, Object.keys(BACKOFF_LIMITS), "backoff");
  if (unknownPart !== undefined) return `has a backoff with an ${unknownPart}`;
  for (const [field, [least, most]] of Object.entries(BACKOFF_LIMITS)) {
    const number = (backoff as Readonly<Record<string, unknown>>)[field];
    if (number === undefined || isWithin(number, least, most)) continue;
    return `has a backoff whose ${field} ${not(number, `a number from ${least} to ${most}`)}`;
  }
  return null;
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}

function exampleFault(value: unknown): string | null {
  const wanted = "an object with an input that the plugin accepts, such as { input: { … } }";
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return not(value, wanted);
  if (!("input" in value) || value.input === undefined) {
    return `has no input: it must be ${wanted}`;
  }
  const [unknown] = unknownFields(value, EXAMPLE_FIELDS, "an example");
  if (unknown !== undefined) return `has an ${unknown}`;
  try {
    JSON.stringify(value);
    return null;
  } catch (error) {
    return `cannot be shown as JSON (${(error as Error).message}): it must have only values that JSON allows`;
  }
}

function unknownFields(object: object, known: readonly string[], what: string): string[] {
  return Object.keys(object)
    .filter((field) => !known.includes(field))
    .map((field) => {
      const meant = meantField(field, known);
      const hint =
        meant === null
          ? `the fields of ${what} are ${known.join(", ")}`
          : `did you mean "${meant}"?`;
      return `unknown field ${JSON.stringify(field)}: ${hint}`;
    });
}

/** A known field that is a prefix of the given name, or the reverse (`inputSchema`, `timeout`), or else the most similar. */
function meantField(given: string, known: readonly string[]): string | null {
  const begun = known.find((field) => given.startsWith(field) || field.startsWith(given));
  return begun ?? nearest(given, known, Math.floor(given.length / 2));
}

/** Validates a form. It interprets the schema: a validator that compiles schemas needs `eval`, which the page's policy forbids. */
import { Validator, type OutputUnit, type Schema } from "@cfworker/json-schema";
import {
  toErrorSchema,
  type RJSFSchema,
  type RJSFValidationError,
  type ValidatorType,
} from "@rjsf/utils";
import { markedInteger } from "../../../api/exact-json.ts";

function validate(schema: RJSFSchema, data: unknown): OutputUnit[] {
  // Draft 2020-12, and every error instead of the first.
  return new Validator(schema as Schema, "2020-12", false).validate(toPlain(data)).errors;
}

/** The validator knows neither marked integers nor fields that are present but undefined. */
function toPlain(value: unknown): unknown {
  const integer = markedInteger(value);
  if (integer !== null) return Number(integer);
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .map(([name, part]) => [name, toPlain(part)]),
  );
}

/** These only repeat that something below them is wrong. */
const SUMMARIES = new Set(["properties", "items", "additionalProperties", "$ref", "prefixItems"]);

function toError({ keyword, instanceLocation, error }: OutputUnit): RJSFValidationError {
  const path = instanceLocation.replace(/^#/, "").split("/").slice(1).map(decode);
  const missing = keyword === "required" ? /"([^"]+)"/.exec(error)?.[1] : undefined;
  const at = missing === undefined ? path : [...path, missing];
  const message = missing === undefined ? error : "is required";
  return {
    name: keyword,
    property: at.map((part) => `.${part}`).join(""),
    message,
    stack: `${at.join(".")} ${message}`,
  };
}

function decode(part: string): string {
  return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
}

export const validator: ValidatorType = {
  validateFormData(data, schema) {
    if (data === undefined) return { errors: [], errorSchema: {} };
    const errors = validate(schema, data)
      .filter(({ keyword }) => !SUMMARIES.has(keyword))
      .map(toError);
    return { errors, errorSchema: toErrorSchema(errors) };
  },
  isValid(schema, data, root) {
    const definitions = { $defs: root.$defs, definitions: root.definitions };
    return validate({ ...definitions, ...schema }, data).length === 0;
  },
  rawValidation: (schema, data) => ({ errors: validate(schema, data) as never[] }),
};

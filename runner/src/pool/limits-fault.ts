import { isKeyPath, MAX_CONCURRENCY } from "../domain/plugin-limits.ts";
import { showValue } from "./value-words.ts";

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** What is wrong with the limits of a plugin's definition, to follow the field's name. Null if nothing is. */
export function limitsFault(value: unknown): string | null {
  const fields = toFields(value);
  if (fields === null) return not(value, "an object such as { concurrency: 2 }");
  const { concurrency, perKey, name, ...others } = fields;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return hasUnknown(unknown, "limits are concurrency, perKey, name");
  if (!isGiven(concurrency) && !isGiven(perKey)) {
    return "has neither concurrency nor perKey: it must have one, such as { concurrency: 2 }";
  }
  if (isGiven(name) && !(typeof name === "string" && NAME.test(name))) {
    return `has a name that ${not(name, "1 to 64 lower-case letters, digits and dashes")}`;
  }
  return (
    (isGiven(concurrency) ? concurrencyFault(concurrency) : null) ??
    (isGiven(perKey) ? perKeyFault(perKey) : null)
  );
}

function perKeyFault(value: unknown): string | null {
  const fields = toFields(value);
  const wanted = 'an object such as { key: "input.domain", concurrency: 1 }';
  if (fields === null) return `has a perKey that ${not(value, wanted)}`;
  const { key, concurrency, ...others } = fields;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return hasUnknown(unknown, "perKey are key, concurrency");
  if (typeof key !== "string" || !isKeyPath(key)) {
    return `has a perKey whose key ${not(key, 'the path of a value in the input, such as "input.domain"')}`;
  }
  return concurrencyFault(concurrency, "has a perKey whose concurrency");
}

function concurrencyFault(value: unknown, which = "has a concurrency that"): string | null {
  const isRight = Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_CONCURRENCY;
  const wanted = `a whole number from 1 to ${MAX_CONCURRENCY}`;
  return isRight ? null : `${which} ${not(value, wanted)}`;
}

function toFields(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return value as Readonly<Record<string, unknown>>;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function not(value: unknown, wanted: string): string {
  return `is ${value === undefined ? "missing" : showValue(value)}: it must be ${wanted}`;
}

function hasUnknown(field: string, fields: string): string {
  return `has an unknown field ${JSON.stringify(field)}: the fields of ${fields}`;
}

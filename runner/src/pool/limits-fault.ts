import { MAX_BURST, parseRate, RATE_WORDS } from "../domain/limit-rate.ts";
import { isKeyPath, MAX_CONCURRENCY, MAX_LIMIT_QUEUED } from "../domain/plugin-limits.ts";
import { showValue } from "./value-words.ts";

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** What is wrong with the limits of a plugin's definition, to follow the field's name. Null if nothing is. */
export function limitsFault(value: unknown): string | null {
  const fields = toFields(value);
  if (fields === null) return not(value, "an object such as { concurrency: 2 }");
  const { concurrency, rate, burst, perKey, maxQueued, name, ...others } = fields;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return hasUnknown(unknown, "limits are concurrency, rate, burst, perKey, maxQueued, name");
  }
  if (![concurrency, rate, perKey].some(isGiven)) {
    return "has neither concurrency nor rate nor perKey: it must have one, such as { concurrency: 2 }";
  }
  if (isGiven(name) && !(typeof name === "string" && NAME.test(name))) {
    return `has a name that ${not(name, "1 to 64 lower-case letters, digits and dashes")}`;
  }
  if (isGiven(maxQueued) && !isWhole(maxQueued, MAX_LIMIT_QUEUED)) {
    return `has a maxQueued that ${not(maxQueued, `a whole number from 1 to ${MAX_LIMIT_QUEUED}`)}`;
  }
  return (
    numbersFault({ concurrency, rate, burst }, (field) => `has a ${field} that`) ??
    (isGiven(perKey) ? perKeyFault(perKey) : null)
  );
}

function perKeyFault(value: unknown): string | null {
  const fields = toFields(value);
  const wanted = 'an object such as { key: "input.domain", concurrency: 1 }';
  if (fields === null) return `has a perKey that ${not(value, wanted)}`;
  const { key, concurrency, rate, burst, ...others } = fields;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return hasUnknown(unknown, "perKey are key, concurrency, rate, burst");
  if (typeof key !== "string" || !isKeyPath(key)) {
    return `has a perKey whose key ${not(key, 'the path of a value in the input, such as "input.domain"')}`;
  }
  if (![concurrency, rate].some(isGiven)) {
    return 'has a perKey with neither concurrency nor rate: it must have one, such as { key: "input.domain", concurrency: 1 }';
  }
  return numbersFault({ concurrency, rate, burst }, (field) => `has a perKey whose ${field}`);
}

function numbersFault(
  { concurrency, rate, burst }: { concurrency: unknown; rate: unknown; burst: unknown },
  which: (field: string) => string,
): string | null {
  if (isGiven(concurrency) && !isWhole(concurrency, MAX_CONCURRENCY)) {
    const wanted = `a whole number from 1 to ${MAX_CONCURRENCY}`;
    return `${which("concurrency")} ${not(concurrency, wanted)}`;
  }
  if (isGiven(rate) && (typeof rate !== "string" || parseRate(rate) === null)) {
    return `${which("rate")} ${not(rate, RATE_WORDS)}`;
  }
  if (!isGiven(burst)) return null;
  if (!isWhole(burst, MAX_BURST)) {
    return `${which("burst")} ${not(burst, `a whole number from 1 to ${MAX_BURST}`)}`;
  }
  return isGiven(rate)
    ? null
    : `${which("burst")} is ${showValue(burst)}: it must be beside a rate`;
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;
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

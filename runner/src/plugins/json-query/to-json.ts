/** Copies the value of an expression, which can be a part of the input and of another realm. */

/** A value that JSON cannot represent. The message names it and its place. */
export class NotJsonError extends Error {}

/** Returns plain JSON, and null for nothing. A BigInt stays one. Throws NotJsonError. */
export function toJson(value: unknown): unknown {
  return value === undefined ? null : copy(value, null);
}

/** Where a value is. It is only written as text for an error. */
interface Place {
  readonly key: string | number;
  readonly outer: Place | null;
}

function copy(value: unknown, place: Place | null): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new NotJsonError(
      `the expression returns ${value}${at(place)}: JSON has only finite numbers, so check for a division by zero`,
    );
  }
  if (isFunction(value)) {
    throw new NotJsonError(
      `the expression returns a function${at(place)}: call the function or remove it`,
    );
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    // JSONata adds properties to lists, which a copy by index leaves out.
    return Array.from(value, (item: unknown, index) =>
      item === undefined ? null : copy(item, { key: index, outer: place }),
    );
  }
  // fromEntries creates an own property for the key `__proto__` too.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [key, copy(member, { key, outer: place })]),
  );
}

function isFunction(value: unknown): boolean {
  if (typeof value === "function") return true;
  if (typeof value !== "object" || value === null) return false;
  return "_jsonata_lambda" in value || "_jsonata_function" in value;
}

function at(place: Place | null): string {
  if (place === null) return "";
  let path = "";
  for (let inner: Place | null = place; inner !== null; inner = inner.outer) {
    path = (typeof inner.key === "number" ? `[${inner.key}]` : `.${inner.key}`) + path;
  }
  return ` at ${JSON.stringify(path.replace(/^\./, ""))}`;
}

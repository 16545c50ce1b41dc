/** Names values and their types in messages about a value that does not fit a schema. */

const MAX_SHOWN = 60;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: "an array",
  tuple: "an array",
  object: "an object",
  record: "an object",
  string: "a string",
  integer: "an integer",
  int: "an integer",
  number: "a number",
  bigint: "a BigInt",
  boolean: "a boolean",
};

/** A type of JSON Schema or of zod. One without a name here is returned as it is. */
export function nameType(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

/** Shows any value: a plugin's output can contain what JSON cannot. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  switch (typeof value) {
    case "undefined":
      return "undefined";
    case "object":
      return value === null ? "null" : "an object";
    case "string":
      return showString(value);
    case "function":
      return "a function";
    case "bigint":
      return `${value}n`;
    case "number":
    case "boolean":
    case "symbol":
      return String(value);
  }
}

function showString(value: string): string {
  // One character more than the limit is enough to see that the string is too long.
  const text = JSON.stringify(value.slice(0, MAX_SHOWN + 1));
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

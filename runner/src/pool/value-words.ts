/** Values and their types in the words that the daemon has for them, wherever one does not fit a schema. */

const MAX_SHOWN = 60;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
  string: "a text",
  integer: "a whole number",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  null: "null",
};

/** Of JSON Schema or of zod; one that has no word of its own is given back. */
export function nameType(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

/** A plugin's output may hold what no JSON can. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  switch (typeof value) {
    case "undefined":
      return "nothing";
    case "object":
      return value === null ? "null" : "an object";
    case "string":
      return showText(value);
    case "function":
      return "a function";
    case "number":
    case "bigint":
    case "boolean":
    case "symbol":
      return String(value);
  }
}

function showText(value: string): string {
  // One character more than is shown is enough to see that it is too long.
  const text = JSON.stringify(value.slice(0, MAX_SHOWN + 1));
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

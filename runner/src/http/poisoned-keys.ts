/** Keys that could change an object's prototype when a program copies or merges the object. */

/** ASCII letters and `_` as escapes, which no serializer writes. */
const ESCAPED_LETTER = /\\u00[4-7]/;

/** Whether `value` has a key "__proto__", or "constructor" with a "prototype". `text` is its JSON. */
export function hasPoisonedKey(text: string, value: unknown): boolean {
  const mayHave =
    text.includes("__proto__") || text.includes('"constructor"') || ESCAPED_LETTER.test(text);
  return mayHave && isPoisoned(value);
}

function isPoisoned(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(isPoisoned);
  if (Object.hasOwn(value, "__proto__")) return true;
  if (Object.hasOwn(value, "constructor")) {
    const { constructor } = value as { constructor: unknown };
    const isObject = typeof constructor === "object" && constructor !== null;
    if (isObject && Object.hasOwn(constructor, "prototype")) return true;
  }
  return Object.values(value).some(isPoisoned);
}

/**
 * A JSON value as text. Inputs and outputs stay text between the HTTP body and the plugin's thread, so
 * that the main thread does not parse megabytes again.
 */
declare const brand: unique symbol;
export type JsonText = string & { readonly [brand]: "JsonText" };

export const NULL_JSON = "null" as JsonText;

/** Serializes a value; `undefined` becomes `null`. */
export function toJsonText(value: unknown): JsonText {
  return (JSON.stringify(value) ?? "null") as JsonText;
}

/** Builds an object from the texts of its fields, in the order given. */
export function jsonObject(fields: Readonly<Record<string, JsonText>>): JsonText {
  let members = "";
  for (const key of Object.keys(fields)) {
    const name = PLAIN.test(key) ? `"${key}"` : JSON.stringify(key);
    members += `${members === "" ? "" : ","}${name}:${fields[key]}`;
  }
  return `{${members}}` as JsonText;
}

/** A text that needs no escapes. */
const PLAIN = /^[\w-]*$/;

export function jsonArray(items: readonly JsonText[]): JsonText {
  return `[${items.join(",")}]` as JsonText;
}

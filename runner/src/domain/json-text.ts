/**
 * JSON that is already text. Inputs and outputs travel as text from the HTTP body to the thread and
 * back, so that the main thread never parses a plugin's megabytes again.
 */
declare const brand: unique symbol;
export type JsonText = string & { readonly [brand]: "JsonText" };

export const NULL_JSON = "null" as JsonText;

/** Serialises a value that JSON can hold; `undefined` becomes `null`. */
export function toJsonText(value: unknown): JsonText {
  return (JSON.stringify(value) ?? "null") as JsonText;
}

/** Puts texts together to one object, keys in the order given. */
export function jsonObject(fields: Readonly<Record<string, JsonText>>): JsonText {
  const members = Object.entries(fields).map(([key, text]) => `${JSON.stringify(key)}:${text}`);
  return `{${members.join(",")}}` as JsonText;
}

export function jsonArray(items: readonly JsonText[]): JsonText {
  return `[${items.join(",")}]` as JsonText;
}

import { jsonObject, NULL_JSON, toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { Paged } from "../../ports/store/page.ts";

/** Builds a response body from the JSON text of each value. The type requires every key of the schema. */
export function jsonFields<Shape extends object>(
  fields: Readonly<Record<keyof Shape & string, JsonText>>,
): JsonText {
  return jsonObject(fields);
}

export function instantText(at: number | null): JsonText {
  return at === null ? NULL_JSON : toJsonText(new Date(at).toISOString());
}

export function pageText<T>(page: Paged<T>, toText: (item: T) => JsonText): JsonText {
  const items = `[${page.items.map(toText).join(",")}]` as JsonText;
  return jsonObject({ items, nextCursor: toJsonText(page.nextCursor) });
}

/** Builds a page from `limit` + 1 items. The number of the last item shown is the next cursor. */
export function tailPage<T>(
  items: readonly T[],
  limit: number,
  numberOf: (item: T) => number,
): Paged<T> {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  const more = items.length > limit && last !== undefined;
  return { items: shown, nextCursor: more ? String(numberOf(last)) : null };
}
